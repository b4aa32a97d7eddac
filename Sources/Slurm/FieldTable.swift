import Jobs

/// Lines of fields under a heading, as `sacct --parsable2` writes them.
///
/// Lines and fields are separated as bytes. In Swift's strings a carriage return and the line feed after it are one
/// character, and so are a separator and a combining mark after it.
struct FieldTable {
    /// Lines with another number of fields than the heading: a name may contain a line break.
    private(set) var oddLines = 0
    private let columns: [String: Int]
    private let lines: [[Substring]]

    /// - Throws: `JobSourceError.unreadable` if a column that is wanted is not in the heading.
    init(_ text: String, separator: String, wanted: [String], from what: String) throws(JobSourceError) {
        let separator = Array(separator.utf8)
        var lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { FieldTable.fields($0, separator) }
        guard !lines.isEmpty else { throw .unreadable(what: what, why: "the heading is missing") }
        let heading = lines.removeFirst()
        var columns: [String: Int] = [:]
        for (index, name) in heading.enumerated() where columns[String(name)] == nil { columns[String(name)] = index }
        if let missing = wanted.first(where: { columns[$0] == nil }) {
            throw .unreadable(what: what, why: "there is no column \(missing)")
        }
        self.columns = columns
        self.lines = lines.filter { $0.count == heading.count }
        oddLines = lines.count - self.lines.count
    }

    var rows: some Sequence<Row> { lines.lazy.map { Row(columns: columns, fields: $0) } }

    private static func fields(_ line: Substring.UTF8View, _ separator: [UInt8]) -> [Substring] {
        var fields: [Substring] = []
        var rest = line
        while let mark = rest.firstRange(of: separator) {
            fields.append(Substring(rest[..<mark.lowerBound]))
            rest = rest[mark.upperBound...]
        }
        return fields + [Substring(rest)]
    }

    struct Row {
        fileprivate let columns: [String: Int]
        fileprivate let fields: [Substring]

        /// Empty if there is no such column.
        subscript(name: String) -> Substring { columns[name].map { fields[$0] } ?? "" }
    }
}
