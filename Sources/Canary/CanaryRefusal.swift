/// The reason why a batch system did not take a canary batch.
public struct CanaryRefusal: Error, Sendable, Equatable {
    public let why: String

    public init(why: String) { self.why = why }
}
