"""Shares the sweep's time between the users: none delays it by more than an equal share."""

import heapq
import time

#: The number of users whose turns come round at once: each holds a descriptor.
_MOST_AT_ONCE = 256


def turns(works):
    """Run iterators to their ends, and yield after each step.

    The next step is always of the one that has used the least time. So one of n that never ends
    leaves the others all but 1/n of the time.
    """
    waiting = enumerate(works)
    queue = []
    while True:
        while len(queue) < _MOST_AT_ONCE:
            order, work = next(waiting, (0, None))
            if work is None:
                break
            heapq.heappush(queue, (0.0, order, work))
        if not queue:
            return
        used, order, work = queue[0]
        began = time.monotonic()
        try:
            next(work)
        except StopIteration:
            heapq.heappop(queue)
        else:
            heapq.heapreplace(queue, (used + time.monotonic() - began, order, work))
        yield
