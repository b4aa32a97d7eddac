import Glibc

/// A spinner on standard error while an answer takes longer than 300 ms. It turns only on a terminal.
enum Spinner {
    static func start() {
        guard isatty(2) == 1 else { return }
        // the kernel's timer instead of a thread: libpq and SQLite continue after a signal
        signal(SIGALRM) { _ in
            let frames: StaticString = "|/-\\"
            spinnerTurns &+= 1
            var line: (UInt8, UInt8, UInt8) = (13, (frames.utf8Start + Int(spinnerTurns & 3)).pointee, 13)
            _ = write(2, &line, 3)
        }
        set(first: 300_000, then: 120_000)
    }

    /// Stops it and leaves the line empty.
    static func stop() {
        set(first: 0, then: 0)
        if spinnerTurns > 0 { writeToStandardError("\r\u{1B}[K") }
        spinnerTurns = 0
    }

    private static func set(first: Int, then: Int) {
        var timer = itimerval(
            it_interval: timeval(tv_sec: 0, tv_usec: then), it_value: timeval(tv_sec: 0, tv_usec: first))
        setitimer(Int32(ITIMER_REAL.rawValue), &timer, nil)
    }
}

/// Only the main thread and its signal handler use it.
nonisolated(unsafe) private var spinnerTurns: UInt8 = 0
