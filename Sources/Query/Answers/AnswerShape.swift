import JSON
import Record

/// The columns of an answer that are wanted, and the order of its rows.
public struct AnswerShape: Sendable, Equatable {
    /// A column that rows are sorted by.
    public struct Order: Sendable, Equatable {
        public let column: String
        /// nil for the usual direction: numbers from the largest down, texts from the first up.
        public let isAscending: Bool?

        /// - Parameter text: `COLUMN`, `COLUMN:asc` or `COLUMN:desc`.
        public init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
            column = String(name)
            switch parts.dropFirst().first {
            case nil: isAscending = nil
            case "asc": isAscending = true
            case "desc": isAscending = false
            default: return nil
            }
        }
    }

    /// The answer has no such column.
    public struct UnknownColumn: Error, Equatable, CustomStringConvertible {
        public let name: String
        public let known: [String]

        public init(name: String, known: [String]) {
            self.name = name
            self.known = known
        }

        public var description: String {
            "there is no column '\(printable(name))'; the columns are \(known.joined(separator: ", "))"
        }
    }

    /// nil for all.
    public let columns: [String]?
    public let order: Order?

    public init(columns: [String]? = nil, order: Order? = nil) {
        self.columns = columns
        self.order = order
    }
}

extension Answer {
    /// The answer in a shape; only of an answer about many things. Rows of equal values stay in their order.
    public func shaped(_ shape: AnswerShape) throws(AnswerShape.UnknownColumn) -> Answer {
        var answer = self
        if let order = shape.order {
            let place = try place(of: order.column)
            let isNumber = rows.contains { $0[place].number != nil }
            let isAscending = order.isAscending ?? !isNumber
            let sorted = rows.enumerated().sorted { left, right in
                let (one, other) = (left.element[place], right.element[place])
                if one == other { return left.offset < right.offset }
                // what is not known comes last
                if one == .null || other == .null { return other == .null }
                return one.comesBefore(other) == isAscending
            }
            answer = answer.with(rows: sorted.map { $0.element })
        }
        guard let names = shape.columns else { return answer }
        let places = try names.map { (name) throws(AnswerShape.UnknownColumn) in try place(of: name) }
        return answer.with(columnsAt: places)
    }

    /// The first rows.
    public func first(_ count: Int?) -> Answer {
        guard let count, count < rows.count else { return self }
        return with(rows: Array(rows.prefix(count)))
    }

    private func place(of name: String) throws(AnswerShape.UnknownColumn) -> Int {
        // a table's heading is as good as the key in JSON
        if let place = columns.firstIndex(where: { $0.name == name || $0.heading == name }) { return place }
        throw AnswerShape.UnknownColumn(name: name, known: columns.map { $0.name })
    }
}

extension JSON {
    /// Whether it comes before another, different value: by number, else by the bytes of the text.
    fileprivate func comesBefore(_ other: JSON) -> Bool {
        if let one = number, let two = other.number { return one < two }
        return byBytes(plain, other.plain)
    }
}
