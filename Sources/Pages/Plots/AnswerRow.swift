import JSON
import Query
import Record

/// A row of an answer by the names of its columns.
struct AnswerRow {
    let columns: [Column]
    let values: [JSON]

    subscript(name: String) -> JSON {
        columns.firstIndex { $0.name == name }.map { values[$0] } ?? .null
    }

    /// The printable text; nil for null.
    func text(_ name: String) -> String? {
        let value = self[name]
        return value == .null ? nil : printable(value.plain)
    }

    /// The text as it is; names are bytes.
    func exact(_ name: String) -> ExactText { ExactText(self[name].plain) }

    func number(_ name: String) -> Double? { self[name].number }

    /// All numbers with their units, such as `1,234 users, 5 jobs`.
    ///
    /// - Parameter first: the index of the column to begin with.
    func numbers(from first: Int) -> String {
        let others = columns.indices.filter { $0 != first && isTold($0) }
        return ([first] + others).map { "\(values[$0].cell) \(columns[$0].unitWords)" }.joined(separator: ", ")
    }

    private func isTold(_ index: Int) -> Bool {
        switch columns[index].kind {
        case .count, .number: values[index].number != nil
        default: false
        }
    }
}

extension Answer {
    var namedRows: [AnswerRow] { rows.map { AnswerRow(columns: columns, values: $0) } }

    func index(of name: String) -> Int? { columns.firstIndex { $0.name == name } }

    /// The column that says how much: the one that the question names, else the first number with a unit, else the
    /// first number. nil without a number.
    var plottedMeasure: Int? {
        if let measure { return measure }
        let numbers = columns.indices.filter { columns[$0].kind == .count || columns[$0].kind == .number }
        return numbers.first { columns[$0].unit != nil } ?? numbers.first
    }

}
