import JSON
import Record

/// A site's file that says to which project, PI, field and department an account belongs.
public struct AccountMapping: Sendable, Equatable {
    /// Why the file cannot be used.
    public struct Malformed: Error, Equatable, CustomStringConvertible {
        /// The first line is 1.
        public let line: Int
        public let reason: String

        public var description: String { "line \(line): \(reason)" }

        fileprivate init(_ line: Int, _ reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    /// The value of an account that the file does not tell about.
    public static let unmapped = "(unmapped)"

    /// The largest file, bytes.
    public static let mostBytes = 16 << 20

    /// The columns of the file.
    public let columns: [String]
    /// Those of the columns that mean something.
    public let properties: [AccountProperty]
    /// By account, the values in the order of `properties`; an empty one says nothing.
    private let accounts: [ExactText: [String]]

    /// - Parameter file: comma-separated values in UTF-8. The first line names the columns: `account`, and any of
    ///   `project`, `pi`, `field` and `department`, in any order. Other columns are ignored.
    public init(_ file: [UInt8]) throws(Malformed) {
        var reader = CSVReader(file)
        guard let head = try AccountMapping.next(&reader) else {
            throw Malformed(1, "the file is empty; \(AccountMapping.form)")
        }
        let names = head.map { $0.lowercased() }
        guard let key = names.firstIndex(of: "account") else {
            throw Malformed(reader.line, "there is no column 'account'; \(AccountMapping.form)")
        }
        let known = AccountProperty.allCases.filter { names.contains($0.rawValue) }
        for name in ["account"] + known.map({ $0.rawValue }) where names.count(where: { $0 == name }) > 1 {
            throw Malformed(reader.line, "there are several columns '\(name)'")
        }
        let places = known.compactMap { property in names.firstIndex(of: property.rawValue) }
        var accounts: [ExactText: [String]] = [:]
        var lines: [ExactText: Int] = [:]
        while let values = try AccountMapping.next(&reader) {
            guard values.count == names.count else {
                throw Malformed(
                    reader.line,
                    "\(values.count) values for \(names.count) columns; put a value with a comma in it in quotes")
            }
            let account = ExactText(values[key])
            if account.string.isEmpty { throw Malformed(reader.line, "there is no account in it") }
            let own = places.map { values[$0] }
            if let line = lines[account], let other = accounts[account],
                other.map(ExactText.init) != own.map(ExactText.init)
            {
                throw Malformed(
                    reader.line, "account '\(printable(account.string))' has other values than in line \(line)")
            }
            if lines[account] == nil { lines[account] = reader.line }
            accounts[account] = own
        }
        columns = head
        properties = known
        self.accounts = accounts
    }

    private static let form =
        "the first line names the columns: account, and any of project, pi, field, department, with commas between them"

    private static func next(_ reader: inout CSVReader) throws(Malformed) -> [String]? {
        do throws(CSVReader.Malformed) { return try reader.next() } catch {
            throw Malformed(error.line, error.reason)
        }
    }

    /// What an account belongs to; `unmapped` if the file does not say it.
    public func value(of account: String, _ property: AccountProperty) -> String {
        guard let place = properties.firstIndex(of: property), let values = accounts[ExactText(account)],
            !values[place].isEmpty
        else { return AccountMapping.unmapped }
        return values[place]
    }

    /// What accounts belong to, sorted by their bytes, each value once.
    func values(of accounts: [String]) -> [AccountProperty: [String]] {
        let values = properties.map { property in
            (property, Set(accounts.map { ExactText(value(of: $0, property)) }).sorted().map { $0.string })
        }
        return Dictionary(uniqueKeysWithValues: values)
    }

    /// All values of a column and `unmapped`, sorted by their bytes.
    public func values(of property: AccountProperty) -> [String] {
        guard let place = properties.firstIndex(of: property) else { return [AccountMapping.unmapped] }
        let known = Set(accounts.values.map { ExactText($0[place]) }).subtracting([ExactText("")])
        return known.union([ExactText(AccountMapping.unmapped)]).sorted().map { $0.string }
    }
}
