/// Shows a location without the passwords in it: a URL, or libpq's words.
enum Redaction {
    static func redacted(_ text: String) -> String {
        guard let scheme = text.range(of: "://") else { return redacted(words: text) }
        let rest = text[scheme.upperBound...]
        var query = rest.drop { $0 != "?" }
        var head = rest[..<query.startIndex]
        // a password may contain a question mark
        if !head.contains("@"), let at = query.lastIndex(of: "@"), !query[..<at].contains("=") {
            query = query[at...].drop { $0 != "?" }
            head = rest[..<query.startIndex]
        }
        var result = String(text[..<scheme.upperBound])
        if let at = head.lastIndex(of: "@") {
            let user = head[..<at].prefix { $0 != ":" }
            result += user + (user.endIndex < at ? ":***" : "")
            head = head[at...]
        }
        result += head
        for (index, word) in query.split(separator: "&", omittingEmptySubsequences: false).enumerated() {
            let name = word.drop { $0 == "?" }.prefix { $0 != "=" }
            result += index == 0 ? "" : "&"
            result += isSecret(name) ? word[..<name.endIndex] + "=***" : word
        }
        return result
    }

    /// libpq's words: spaces may surround `=`, and a quoted value may contain some (PostgreSQL manual, section
    /// 34.1.1.1).
    private static func redacted(words text: String) -> String {
        guard text.contains("=") else { return text }
        var shown: [String] = []
        var rest = text.drop { $0.isWhitespace }
        while !rest.isEmpty {
            let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest[name.endIndex...].drop { $0.isWhitespace }
            guard rest.first == "=" else {
                // without a name, it may be the rest of a secret that was not quoted
                shown.append("***")
                continue
            }
            rest = rest.dropFirst().drop { $0.isWhitespace }
            let value = quotedValue(rest)
            shown.append("\(name)=\(isSecret(name) ? "***" : value)")
            rest = rest[value.endIndex...].drop { $0.isWhitespace }
        }
        return shown.joined(separator: " ")
    }

    /// The value at the beginning of `text`, as it is written.
    private static func quotedValue(_ text: Substring) -> Substring {
        let isQuoted = text.first == "'"
        var end = text.startIndex
        if isQuoted { end = text.index(after: end) }
        while end < text.endIndex {
            let character = text[end]
            if !isQuoted && character.isWhitespace { break }
            end = text.index(after: end)
            if isQuoted && character == "'" { break }
            if character == "\\", end < text.endIndex { end = text.index(after: end) }
        }
        return text[..<end]
    }

    static func isSecret(_ name: Substring) -> Bool {
        let secrets = [
            "password", "sslpassword", "passfile", "oauth_client_secret", "scram_client_key", "scram_server_key",
        ]
        return secrets.contains(name.lowercased())
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
