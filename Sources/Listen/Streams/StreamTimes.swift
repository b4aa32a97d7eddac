import NIOCore

/// When a connection was last heard of, and since when it owes the rest of a message.
struct StreamTimes {
    private(set) var lastBytes = NIODeadline.now()
    private var messageBegan: NIODeadline?

    mutating func noteBytes() { lastBytes = .now() }

    /// - Parameters:
    ///   - hasEndedMessage: whether what came held the end of a message.
    ///   - isWithinMessage: whether a message has begun and not ended.
    mutating func noteMessages(hasEndedMessage: Bool, isWithinMessage: Bool) {
        if !isWithinMessage {
            messageBegan = nil
        } else if hasEndedMessage || messageBegan == nil {
            messageBegan = .now()
        }
    }

    /// It was this side that did not read.
    mutating func begin() {
        lastBytes = .now()
        if messageBegan != nil { messageBegan = lastBytes }
    }

    func overdue(_ now: NIODeadline, _ limits: StreamLimits) -> ConnectionRefusal? {
        if let messageBegan, now - messageBegan > .seconds(Int64(limits.messageSeconds)) { return .messageTimeout }
        if now - lastBytes > .seconds(Int64(limits.idleSeconds)) { return .idleTimeout }
        return nil
    }

    func isQuiet(_ now: NIODeadline, for time: TimeAmount) -> Bool { now - lastBytes >= time }
}
