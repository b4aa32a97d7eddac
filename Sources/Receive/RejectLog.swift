import Journal
import Logging
import Record
import Synchronization
import SystemClock
import Threads

/// Logs rejected messages, up to a limit a minute, each with its sender and its first bytes made harmless.
public final class RejectLog: Sendable {
    private struct State {
        var minute: Int64 = 0
        var written = 0
        var suppressed = 0
    }

    private let logger: Logger
    /// The limit of lines a minute.
    private let perMinute: Tunable<Int>
    private let state = Mutex(State())

    public init(logger: Logger, perMinute: Tunable<Int>) {
        self.logger = logger
        self.perMinute = perMinute
    }

    /// - Parameter now: microseconds since 1970 UTC.
    package func note(
        _ reason: RejectReason, _ message: UnsafeRawBufferPointer, sender: @autoclosure () -> String, now: Int64
    ) {
        guard mayWrite(now) else { return }
        logger.warning(
            "message rejected",
            metadata: [
                "reason": "\(reason.rawValue)", "sender": "\(sender())", "bytes": "\(message.count)",
                "begins": "\(RejectLog.harmless(message))",
            ])
    }

    func note(connection reason: String, from sender: String, why: String) {
        guard mayWrite(wallClock()) else { return }
        logger.warning(
            "connection closed by the daemon",
            metadata: ["reason": "\(reason)", "sender": "\(sender)", "why": "\(why)"])
    }

    func note(journal error: JournalError) {
        guard mayWrite(wallClock()) else { return }
        logger.error("the journal refuses messages", metadata: ["why": "\(error)"])
    }

    func note(streamsHeldUpBy error: JournalError) {
        guard mayWrite(wallClock()) else { return }
        logger.error("reading from streams stops until the journal has room", metadata: ["why": "\(error)"])
    }

    /// Logs the counts that the journal does not take at the end: they are kept nowhere else.
    func note(uncounted messages: UInt64, _ error: JournalError) {
        logger.error(
            "the daemon ends, and its last counts do not fit into the journal",
            metadata: ["uncounted_messages": "\(messages)", "why": "\(error)"])
    }

    private func mayWrite(_ now: Int64) -> Bool {
        let perMinute = perMinute.current
        let (allowed, hidden) = state.withLock { state in
            var hidden = 0
            if now / 60_000_000 != state.minute {
                hidden = state.suppressed
                state = State(minute: now / 60_000_000)
            }
            let allowed = state.written < perMinute
            if allowed { state.written += 1 } else { state.suppressed += 1 }
            return (allowed, hidden)
        }
        if hidden > 0 { logger.warning("rejected messages not logged one by one", metadata: ["count": "\(hidden)"]) }
        return allowed
    }

    /// The first 64 bytes. A byte that is not printable ASCII, or could end or forge a line of the log, becomes `\xHH`.
    static func harmless(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        for byte in bytes.prefix(64) {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\\"), byte != UInt8(ascii: "\"") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}
