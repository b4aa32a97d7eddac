/// The times of a connection: of its last bytes, and of the beginning of an unfinished message.
struct StreamTimes {
    typealias Instant = ContinuousClock.Instant

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

    /// Begins anew, because this side did not read.
    mutating func begin() {
        lastBytes = .now
        if messageBegan != nil { messageBegan = lastBytes }
    }

    /// The reason to end the connection, if a limit has passed.
    func overdue(_ now: Instant, _ limits: StreamLimits) -> ConnectionRefusal? {
        if let messageBegan, now - messageBegan > .seconds(limits.messageSeconds) { return .messageTimeout }
        if now - lastBytes > .seconds(limits.idleSeconds) { return .idleTimeout }
        return nil
    }

    func isQuiet(_ now: Instant, for time: Duration) -> Bool { now - lastBytes >= time }
}
