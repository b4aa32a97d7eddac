/// Where the store is, as `--store` and the configuration name it.
///
/// `sqlite:///ABSOLUTE/PATH` (or `sqlite://RELATIVE/PATH`), or a PostgreSQL connection string: `postgres://…`,
/// `postgresql://…`, or libpq's `key=value` words (PostgreSQL manual, section 34.1.1).
public enum StoreLocation: Sendable, Equatable {
    case sqlite(path: String)
    case postgres(String)

    /// - Throws: `StoreError.badLocation` that names what would be right.
    public init(_ text: String) throws(StoreError) {
        if text.hasPrefix("sqlite://") {
            let path = String(text.dropFirst("sqlite://".count))
            guard !path.isEmpty, path != "/" else {
                throw .badLocation("'\(text)' names no file; write sqlite:///PATH/TO/customs.sqlite")
            }
            self = .sqlite(path: path)
        } else if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            self = .postgres(text)
        } else if !text.contains("://"), text.contains("=") {
            self = .postgres(text)
        } else {
            throw .badLocation(
                "'\(StoreLocation.redacted(text))' is neither sqlite:///PATH nor postgres://…, nor libpq's key=value words"
            )
        }
    }

    /// The location without any password in it, for logs and errors.
    public var description: String {
        switch self {
        case .sqlite(let path): "sqlite://\(path)"
        case .postgres(let text): StoreLocation.redacted(text)
        }
    }

    static func redacted(_ text: String) -> String {
        if let scheme = text.range(of: "://") {
            let rest = text[scheme.upperBound...]
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            var result = String(text[..<scheme.upperBound])
            if let at = authority.lastIndex(of: "@") {
                let user = authority[..<at].prefix { $0 != ":" }
                result += user + (user.count < authority[..<at].count ? ":***" : "") + authority[at...]
            } else {
                result += authority
            }
            let tail = rest[authority.endIndex...]
            return result + hidingPasswords(in: String(tail), separators: ["?", "&"])
        }
        return hidingPasswords(in: text, separators: [" "])
    }

    private static func hidingPasswords(in text: String, separators: Set<Character>) -> String {
        var result = ""
        var word = ""
        func flush() {
            let name = word.prefix { $0 != "=" }.lowercased()
            if name == "password" || name == "sslpassword" || name == "passfile" {
                result += "\(name)=***"
            } else {
                result += word
            }
            word = ""
        }
        for character in text {
            if separators.contains(character) {
                flush()
                result.append(character)
            } else {
                word.append(character)
            }
        }
        flush()
        return result
    }
}

extension String {
    fileprivate func range(of needle: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
