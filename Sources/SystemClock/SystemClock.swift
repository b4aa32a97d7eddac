import Glibc

/// Microseconds since 1970 UTC.
public func wallClock() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
}

/// Milliseconds on a clock that is never set (`clock_gettime(2)`, CLOCK_MONOTONIC).
public func steadyMilliseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int(now.tv_sec) * 1_000 + Int(now.tv_nsec) / 1_000_000
}

/// The time on that clock some milliseconds from now, for `pthread_cond_timedwait(3)`.
public func steadyDeadline(milliseconds: Int) -> timespec {
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &end)
    end.tv_sec += milliseconds / 1_000
    end.tv_nsec += milliseconds % 1_000 * 1_000_000
    if end.tv_nsec >= 1_000_000_000 {
        end.tv_sec += 1
        end.tv_nsec -= 1_000_000_000
    }
    return end
}
