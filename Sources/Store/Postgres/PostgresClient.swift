import CPQ

/// The way in which another program connects to a PostgreSQL store by libpq, for reading only. The password is not on
/// its command line, which every user of the machine can read.
public struct PostgresClient: Sendable, Equatable {
    /// libpq's key=value words.
    public let connection: String
    /// The secrets, as libpq's environment variables.
    public let environment: [Variable]

    public struct Variable: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    /// - Parameters:
    ///   - location: a URL or key=value words (PostgreSQL manual, section 34.1.1).
    ///   - options: the server's options from the environment (`PGOPTIONS`), which count if the location has none.
    /// - Throws: `StoreError.badLocation` if libpq cannot read it, or has no variable for a secret in it.
    public init(readingFrom location: String, options: String?) throws(StoreError) {
        var words: [String] = []
        var environment: [Variable] = []
        var options = options ?? ""
        for part in try PostgresClient.parts(location) {
            if part.keyword == "options" {
                options = part.value
            } else if !part.isSecret {
                words.append(PostgresClient.word(part.keyword, part.value))
            } else if let name = part.variable {
                environment.append(Variable(name: name, value: part.value))
            } else {
                throw .badLocation(
                    """
                    \(part.keyword) can be handed on to another program on its command line only, where all users see \
                    it; take it out of the location and put it into a service file (~/.pg_service.conf)
                    """)
            }
        }
        // as a word, because a service file wins over the environment; and the last value of a setting wins
        let reading = "-c default_transaction_read_only=on -c search_path=customs"
        words.append(PostgresClient.word("options", options.isEmpty ? reading : "\(options) \(reading)"))
        connection = words.joined(separator: " ")
        self.environment = environment
    }

    /// - Throws: `StoreError.badLocation` if libpq cannot read it.
    static func check(_ location: String) throws(StoreError) { _ = try parts(location) }

    private struct Part {
        let keyword: String
        let value: String
        let variable: String?
        let isSecret: Bool
    }

    private static func parts(_ location: String) throws(StoreError) -> [Part] {
        // libpq's error text on a location may contain the password
        guard let options = PQconninfoParse(location, nil) else {
            throw .badLocation("libpq cannot read '\(Redaction.redacted(location))'")
        }
        defer { PQconninfoFree(options) }
        var parts: [Part] = []
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val {
                let name = String(cString: keyword)
                parts.append(
                    Part(
                        keyword: name, value: String(cString: value),
                        variable: next.pointee.envvar.map { String(cString: $0) },
                        isSecret: Redaction.isSecret(name[...])))
            }
            next += 1
        }
        return parts
    }

    private static func word(_ keyword: String, _ value: String) -> String {
        var quoted = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            if scalar == "'" || scalar == "\\" { quoted.append("\\") }
            quoted.append(scalar)
        }
        return "\(keyword)='\(String(quoted))'"
    }
}
