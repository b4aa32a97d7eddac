import Glibc

/// Starts a thread of its own: work that blocks must stay off the pool that runs tests.
public func onThread(_ body: @escaping @Sendable () -> Void) {
    final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, work.toOpaque())
    guard code == 0 else { fatalError("cannot start a thread: \(String(cString: strerror(code)))") }
    pthread_detach(thread)
}

/// Runs `body` for 0 to `count` - 1, all at the same time, and returns when all are done.
public func atTheSameTime(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let done = DoneCount()
    for index in 0..<count {
        onThread {
            body(index)
            done.add()
        }
    }
    done.wait(for: count)
}

private final class DoneCount: @unchecked Sendable {
    // guarded by the mutex
    private var count = 0
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        mutex.deallocate()
        changed.deallocate()
    }

    func add() {
        pthread_mutex_lock(mutex)
        count += 1
        pthread_cond_signal(changed)
        pthread_mutex_unlock(mutex)
    }

    func wait(for wanted: Int) {
        pthread_mutex_lock(mutex)
        while count < wanted { pthread_cond_wait(changed, mutex) }
        pthread_mutex_unlock(mutex)
    }
}
