import Glibc
import SystemClock

/// A bounded queue of lines for a descriptor that may be read slowly or not at all. Adding a line never waits.
///
/// One thread writes the lines (`run`). A line that does not fit is dropped and counted.
public final class LineQueue: TextOutputStream, @unchecked Sendable {
    // pthread objects must not move, so they live on the heap; all variables are used under the mutex
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var lines: [String] = []
    /// The size of the lines that wait and of the line that is being written.
    private var bytes = 0
    /// Lines dropped since the last check in `run`.
    private var dropped: UInt64 = 0
    private var writer: pthread_t?

    private let descriptor: Int32
    private let maximumBytes: Int
    private let noteDrop: @Sendable () -> Void

    /// - Parameters:
    ///   - maximumBytes: the limit of the lines that wait.
    ///   - noteDrop: called for each dropped line, on the thread that adds it or on the thread that writes.
    public init(descriptor: Int32, maximumBytes: Int = 256 << 10, noteDrop: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.maximumBytes = maximumBytes
        self.noteDrop = noteDrop
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Adds a line that ends with a line feed.
    public func write(_ line: String) {
        let isAdded = locked {
            // the writing thread adds only one line at a time: the one with the number of dropped lines
            let isOwn = writer.map { pthread_equal(pthread_self(), $0) != 0 } ?? false
            guard isOwn || bytes + line.utf8.count <= maximumBytes else {
                dropped += 1
                return false
            }
            lines.append(line)
            bytes += line.utf8.count
            pthread_cond_broadcast(changed)
            return true
        }
        if !isAdded { noteDrop() }
    }

    /// Writes lines until the process ends; the calling thread is the queue's own.
    ///
    /// - Parameter tell: adds a line with the number of dropped lines, once lines can be written again.
    public func run(_ tell: (UInt64) -> Void) {
        locked { writer = pthread_self() }
        var untold: UInt64 = 0
        var isTaken = true
        while true {
            let (batch, lost) = locked {
                while lines.isEmpty && dropped == 0 { pthread_cond_wait(changed, mutex) }
                defer {
                    lines.removeAll()
                    dropped = 0
                }
                return (lines, dropped)
            }
            untold += lost
            for line in batch {
                isTaken = put(line)
                if !isTaken {
                    untold += 1
                    noteDrop()
                }
                locked {
                    bytes -= line.utf8.count
                    pthread_cond_broadcast(changed)
                }
            }
            if isTaken && untold > 0 {
                tell(untold)
                untold = 0
            }
        }
    }

    /// Waits until all lines are written, or the time is over.
    public func drain(milliseconds: Int) {
        var end = steadyDeadline(milliseconds: milliseconds)
        locked {
            while bytes > 0, pthread_cond_timedwait(changed, mutex, &end) == 0 {}
        }
    }

    /// - Returns: false if the descriptor refuses the line.
    private func put(_ line: String) -> Bool {
        var line = line
        return line.withUTF8 { text in
            var done = 0
            while done < text.count {
                let count = Glibc.write(descriptor, text.baseAddress.map { $0 + done }, text.count - done)
                if count >= 0 {
                    done += count
                } else if errno == EAGAIN {
                    // another process that shares the descriptor may have set O_NONBLOCK
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }

    @discardableResult
    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
