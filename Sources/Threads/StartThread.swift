import Glibc

/// Starts a detached thread for work that blocks: such work must stay off the pool that runs tasks.
public func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    pthread_detach(makeThread(name, body))
}

/// Starts a thread that has to be joined or detached (`pthread_create(3)`).
func makeThread(_ name: String, _ body: @escaping @Sendable () -> Void) -> pthread_t {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 8 << 20)
    var thread = pthread_t()
    let work = Unmanaged.passRetained(ThreadBody(name, body))
    let code = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let work = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
            nameThisThread(work.name)
            work.body()
            return nil
        }, work.toOpaque())
    pthread_attr_destroy(&attributes)
    if code != 0 {
        work.release()
        fatalError("cannot start thread \(name): \(String(cString: strerror(code)))")
    }
    return thread
}

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// Sets the name that `ps -L` and `top -H` show (`proc(5)`). A failure changes nothing else.
private func nameThisThread(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, name, name.utf8.count)
    close(descriptor)
}
