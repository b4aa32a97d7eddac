import Record

/// Addresses to write to people at: by a template, or by the lines of a directory.
public struct MailAddresses: Sendable, Equatable {
    /// A line of a directory that has another form.
    public struct Malformed: Error, Equatable, CustomStringConvertible {
        /// The first line is 1.
        public let line: Int

        public var description: String { "line \(line): write USER,ADDRESS" }
    }

    private enum Source: Sendable, Equatable {
        /// The texts around the user's name.
        case template([String])
        case directory([ExactText: String])
    }

    /// The place of the user's name in a template.
    public static let mark = "{user}"

    private let source: Source

    /// - Parameter template: `{user}@example.org`; every `{user}` stands for the name.
    public init(template: String) {
        source = .template(
            template.split(separator: MailAddresses.mark, omittingEmptySubsequences: false).map { String($0) })
    }

    /// - Parameter lines: `user,address` in each line. Empty lines, lines after `#` and a first line of headings do not
    ///   count.
    public init(lines: String) throws(Malformed) {
        var addresses: [ExactText: String] = [:]
        let written = lines.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (number, line) in written.enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { trimmed($0) }
            if fields == [""] || line.first == "#" { continue }
            let isAddress = fields.count == 2 && !fields[0].isEmpty && fields[1].contains("@")
            if isAddress { addresses[ExactText(fields[0])] = fields[1] }
            if !isAddress, number > 0 || fields.count != 2 { throw Malformed(line: number + 1) }
        }
        source = .directory(addresses)
    }

    /// nil if it is not known. A pseudonym and the number of a user without a name have no address by a template.
    public func address(of username: String) -> String? {
        switch source {
        case .directory(let addresses): addresses[ExactText(username)]
        case .template(let parts): MailAddresses.isName(username) ? parts.joined(separator: username) : nil
        }
    }

    /// Whether a text may stand in an address, and is the name of a person. Any text may come in a record.
    private static func isName(_ text: String) -> Bool {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || "0123456789._-+".unicodeScalars.contains(scalar)
        }
        return isPlain && !text.isEmpty && !isPseudonym(text)
    }

    /// `user-` and 16 hexadecimal digits (`PseudonymKey`).
    private static func isPseudonym(_ text: String) -> Bool {
        text.hasPrefix("user-") && text.utf8.count == 21
            && text.dropFirst(5).allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }
}

private func trimmed(_ text: Substring) -> String {
    var rest = text
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
}
