import Synchronization

/// Who is let in: the bounds on connections over TCP and TLS together, and how many stand.
public final class StreamAdmission: Sendable {
    private struct State {
        var limits: StreamLimits
        var connections = 0
        var perHost: [String: Int] = [:]
    }

    private let state: Mutex<State>

    public init(_ limits: StreamLimits) { state = Mutex(State(limits: limits)) }

    public var limits: StreamLimits { state.withLock { $0.limits } }

    /// For connections to come.
    public func reload(_ limits: StreamLimits) { state.withLock { $0.limits = limits } }

    /// Lets a connection in; `leave` tells its end.
    ///
    /// - Returns: why it is not let in.
    func admit(_ host: String) -> ConnectionRefusal? {
        state.withLock { state in
            if state.connections >= state.limits.connections { return .tooMany }
            if !DescriptorReserve.isUntouched { return .noDescriptors }
            if state.perHost[host, default: 0] >= state.limits.connectionsPerAddress { return .tooManyOfAddress }
            state.connections += 1
            state.perHost[host, default: 0] += 1
            return nil
        }
    }

    func leave(_ host: String) {
        state.withLock { state in
            state.connections -= 1
            let left = state.perHost[host, default: 1] - 1
            state.perHost[host] = left > 0 ? left : nil
        }
    }
}
