import JSON

/// The answer to a question in every form in which it is shown: rows under columns, and all of it as one JSON value.
///
/// The command line, a page and a file show the same answer, so their numbers are the same.
public struct Answer: Sendable, Equatable {
    public let columns: [Column]
    /// The values of each row, in the order of the columns.
    public let rows: [[JSON]]
    /// The index of the column that bars and plots show; nil if there is none.
    public let measure: Int?
    /// An array with an object for each row; of an answer about one thing an object that says all that is known of it.
    public let json: JSON

    /// A form that programs read.
    public enum Form: String, CaseIterable, Sendable {
        case json
        /// A line of JSON for each row.
        case jsonl
        case csv
    }

    /// The answer to a question about many things.
    ///
    /// - Parameter measure: the unit of the column that says how much.
    public init<Row>(_ rows: [Row], _ fields: [Field<Row>], measure: Column.Unit? = nil) {
        let values = rows.map { row in fields.map { $0.value(row) } }
        let names = fields.map { $0.column.name }
        let objects = values.map { values in JSON.object(zip(names, values).map { JSON.Member($0, $1) }) }
        self.init(fields.map { $0.column }, values, measure: measure, json: .array(objects))
    }

    /// The answer to a question about one thing: everything as JSON, and the part of it that is a table as rows.
    public init<Row>(_ json: [JSON.Member], table rows: [Row], _ fields: [Field<Row>]) {
        self.init(fields.map { $0.column }, rows.map { row in fields.map { $0.value(row) } }, json: .object(json))
    }

    /// Facts that make no other table than their own.
    public init(facts: KeyValuePairs<String, JSON>) { self.init(facts: facts.map { JSON.Member($0.key, $0.value) }) }

    public init(facts: [JSON.Member]) {
        self.init(facts, table: facts, [.text("what") { $0.key }, .any("value") { $0.value }])
    }

    private init(_ columns: [Column], _ rows: [[JSON]], measure: Column.Unit? = nil, json: JSON) {
        self.init(
            columns, rows, json: json, at: measure.flatMap { unit in columns.firstIndex { $0.unit == unit } })
    }

    private init(_ columns: [Column], _ rows: [[JSON]], json: JSON, at measure: Int?) {
        self.columns = columns
        self.rows = rows
        self.measure = measure
        self.json = json
    }

    /// The answer with other rows; only of an answer about many things.
    func with(rows: [[JSON]]) -> Answer {
        let objects = rows.map { values in
            JSON.object(zip(columns, values).map { JSON.Member($0.name, $1) })
        }
        return Answer(columns, rows, json: .array(objects), at: measure)
    }

    /// The answer with some of its columns; only of an answer about many things.
    func with(columnsAt places: [Int]) -> Answer {
        let chosen = places.map { columns[$0] }
        return Answer(
            chosen, rows.map { row in places.map { row[$0] } }, json: json,
            at: measure.flatMap { measure in places.firstIndex(of: measure) }
        ).with(rows: rows.map { row in places.map { row[$0] } })
    }

    /// The answer as a file holds it: each line has its end.
    ///
    /// - Parameter csv: the writer of CSV.
    public func text(as form: Form, csv: CSV = CSV()) -> String {
        let lines =
            switch form {
            case .json: [json.formatted]
            case .jsonl: elements.map { $0.compact }
            case .csv: [csv.line(columns.map { .text($0.heading) })] + rows.map { csv.line($0) }
            }
        return lines.map { $0 + "\n" }.joined()
    }

    private var elements: [JSON] { if case .array(let elements) = json { elements } else { [json] } }
}
