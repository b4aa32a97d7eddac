import Synchronization

/// The name of a relay, as its certificate has it, of at most `maximumBytes`.
///
/// It is a number in a list of this process, because an envelope is copied many times for each record, and a text has a
/// reference count. The list is short: the site's authorities make its names.
public struct RelayName: Hashable, Sendable {
    public static let maximumBytes = 255

    /// Has a meaning only in this process.
    let number: Int32

    private struct Known {
        var names: [String] = []
        /// By their bytes: names that only look alike are several relays.
        var numbers: [ExactText: Int32] = [:]
    }

    private static let known = Mutex(Known())

    /// - Parameter text: its end is cut off if it is too long.
    public init(_ text: String) {
        let text = text.utf8.count > RelayName.maximumBytes ? RelayName.cut(text) : text
        number = RelayName.known.withLock { known in
            if let number = known.numbers[ExactText(text)] { return number }
            let number = Int32(truncatingIfNeeded: known.names.count)
            known.names.append(text)
            known.numbers[ExactText(text)] = number
            return number
        }
    }

    public var text: String { RelayName.known.withLock { $0.names[Int(number)] } }

    private static func cut(_ text: String) -> String {
        String(decoding: text.utf8.prefix(maximumBytes), as: UTF8.self)
    }
}
