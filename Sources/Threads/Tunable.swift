import Synchronization

/// A setting that can change while the daemon runs: one thread sets it, others read it.
public final class Tunable<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    public init(_ value: Value) { self.value = Mutex(value) }

    public var current: Value { value.withLock { $0 } }

    public func set(_ fresh: Value) { value.withLock { $0 = fresh } }
}
