/// Gives connections to the service manager to keep, so that they outlive this process (`sd_notify(3)`, FDSTORE): after its
/// end, however it came, the next process gets them back with all that their senders sent meanwhile.
///
/// One thread uses it. The service manager does not say whether it keeps what it is given: where it does not, a connection
/// ends with the process.
final class ServiceManagerDescriptors {
    private enum Request {
        case keep(name: String, descriptor: Int32)
        case drop(name: String)

        func keeps(_ wanted: String) -> Bool {
            if case .keep(wanted, _) = self { true } else { false }
        }
    }

    /// What the names of kept connections begin with.
    static let prefix = "connection-"
    /// The name of the memory in which lies what has been read of them (`StreamMemory`).
    static let memoryName = "streams"

    private let socket: NotifySocket
    /// What the service manager had no room for, in the order in which it must be told.
    private var waiting: [Request] = []

    /// Nil where there is no service manager.
    init?() {
        guard let socket = NotifySocket() else { return nil }
        self.socket = socket
    }

    var hasWaiting: Bool { !waiting.isEmpty }

    /// - Parameter cookie: the kernel's number of it, which no other has while the machine runs.
    /// - Returns: the name by which `drop` knows it; the descriptor must stay open until then.
    func keep(connection descriptor: Int32, cookie: UInt64) -> String {
        let name = ServiceManagerDescriptors.prefix + String(cookie)
        ask(.keep(name: name, descriptor: descriptor))
        return name
    }

    /// In place of one that a process before this one may have given, and that could not be used.
    func keep(memory descriptor: Int32) {
        ask(.drop(name: ServiceManagerDescriptors.memoryName))
        ask(.keep(name: ServiceManagerDescriptors.memoryName, descriptor: descriptor))
    }

    func drop(_ name: String) {
        if isTold(of: name) { return ask(.drop(name: name)) }
        waiting.removeAll { $0.keeps(name) }
    }

    /// Whether the service manager has been told to keep it.
    func isTold(of name: String) -> Bool { !waiting.contains { $0.keeps(name) } }

    /// Tells what could not be told before.
    func retry() {
        while let first = waiting.first, send(first) { waiting.removeFirst() }
    }

    private func ask(_ request: Request) {
        if !waiting.isEmpty || !send(request) { waiting.append(request) }
    }

    private func send(_ request: Request) -> Bool {
        switch request {
        case .keep(let name, let descriptor):
            // FDPOLL=0: what a sender had sent before it broke the connection is still to be read
            socket.send("FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)", with: descriptor, waits: false)
        case .drop(let name): socket.send("FDSTOREREMOVE=1\nFDNAME=\(name)", waits: false)
        }
    }
}
