import Synchronization

/// Limits of connections over TCP and TLS together, and the number of open ones.
public final class StreamAdmission: Sendable {
    private struct State {
        var limits: StreamLimits
        var connections = 0
        var perHost: [String: Int] = [:]
    }

    private let state: Mutex<State>

    public init(_ limits: StreamLimits) { state = Mutex(State(limits: limits)) }

    public var limits: StreamLimits { state.withLock { $0.limits } }

    /// Sets the limits for future connections.
    public func reload(_ limits: StreamLimits) { state.withLock { $0.limits = limits } }

    /// Admits a connection; `leave` reports its end.
    ///
    /// - Returns: the reason if it is refused.
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
