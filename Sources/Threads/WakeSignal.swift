import Glibc
import SystemClock

/// Wakes the threads that sleep until something has changed (`pthread_cond_wait(3)`).
public final class WakeSignal: @unchecked Sendable {
    // pthread objects must not move, so they live on the heap; all access goes through them
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var count: UInt64 = 0

    public init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// The number of notifications so far. Take it before looking at what may change: a notification in between is
    /// not missed then.
    public var ticket: UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return count
    }

    public func notify() {
        pthread_mutex_lock(mutex)
        count &+= 1
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Sleeps until a notification after `ticket`, or until the time is over.
    public func wait(since ticket: UInt64, milliseconds: Int) {
        var end = steadyDeadline(milliseconds: milliseconds)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while count == ticket {
            if pthread_cond_timedwait(condition, mutex, &end) != 0 { return }
        }
    }
}
