/// The times of a connection: of its beginning, of its last bytes, and of the beginning of an unfinished message.
struct StreamTimes {
    typealias Instant = ContinuousClock.Instant

    private var began = Instant.now
    private(set) var lastBytes = Instant.now
    private var messageBegan: Instant?

    mutating func noteBytes() { lastBytes = .now }

    /// - Parameters:
    ///   - hasEndedMessage: whether the last bytes held the end of a message.
    ///   - isWithinMessage: whether a message has begun and not ended.
    mutating func noteMessages(hasEndedMessage: Bool, isWithinMessage: Bool) {
        if !isWithinMessage {
            messageBegan = nil
        } else if hasEndedMessage || messageBegan == nil {
            messageBegan = .now
        }
    }

    /// Begins anew, because this side did not read, or because a handshake is complete.
    mutating func begin() {
        began = .now
        lastBytes = began
        if messageBegan != nil { messageBegan = began }
    }

    /// The reason to end the connection, if a limit has passed.
    func overdue(_ now: Instant, _ limits: StreamLimits) -> ConnectionRefusal? {
        if let messageBegan, now - messageBegan > .seconds(limits.messageSeconds) { return .messageTimeout }
        if now - lastBytes > .seconds(limits.idleSeconds) { return .idleTimeout }
        return nil
    }

    /// Whether it has lasted for this time.
    func hasLasted(_ now: Instant, _ time: Duration) -> Bool { now - began > time }

    func isQuiet(_ now: Instant, for time: Duration) -> Bool { now - lastBytes >= time }
}
