/// Gives connections to the service manager to keep, so that they outlive this process (`sd_notify(3)`, FDSTORE). After
/// any kind of end, the next process gets them back with all bytes that their senders sent meanwhile.
///
/// One thread uses it. The service manager does not tell whether it keeps a descriptor. If it does not, the connection
/// ends with the process.
final class ServiceManagerDescriptors {
    private enum Request {
        case keep(name: String, descriptor: Int32)
        case drop(name: String)

        func keeps(_ wanted: String) -> Bool {
            if case .keep(wanted, _) = self { true } else { false }
        }
    }

    /// The beginning of the names of kept connections.
    static let prefix = "connection-"
    /// The name of the memory with bytes that have been read of them (`StreamMemory`).
    static let memoryName = "streams"

    private let socket: NotifySocket
    /// Requests that the service manager had no room for, in the order in which they must be sent.
    private var waiting: [Request] = []

    /// Nil without a service manager.
    init?() {
        guard let socket = NotifySocket() else { return nil }
        self.socket = socket
    }

    var hasWaiting: Bool { !waiting.isEmpty }

    /// - Parameter cookie: the kernel's number of the connection, unique while the machine runs.
    /// - Returns: the name for `drop`; the descriptor must stay open until then.
    func keep(connection descriptor: Int32, cookie: UInt64) -> String {
        let name = ServiceManagerDescriptors.prefix + String(cookie)
        ask(.keep(name: name, descriptor: descriptor))
        return name
    }

    /// Keeps the memory instead of a previous process's, which could not be used.
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

    /// Sends the requests that could not be sent before.
    func retry() {
        while let first = waiting.first, send(first) { waiting.removeFirst() }
    }

    private func ask(_ request: Request) {
        if !waiting.isEmpty || !send(request) { waiting.append(request) }
    }

    private func send(_ request: Request) -> Bool {
        switch request {
        case .keep(let name, let descriptor):
            // FDPOLL=0: bytes that a sender had sent before it broke the connection are still to be read
            socket.send("FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)", with: descriptor, waits: false)
        case .drop(let name): socket.send("FDSTOREREMOVE=1\nFDNAME=\(name)", waits: false)
        }
    }
}
