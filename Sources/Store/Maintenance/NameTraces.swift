/// The places in a store that hold a name.
public struct NameTrace: Sendable, Equatable {
    /// A table and its column, or the path of a file.
    public let place: String
    /// The number of rows, or of pieces of a mebibyte.
    public let count: Int64

    public init(place: String, count: Int64) {
        self.place = place
        self.count = count
    }

    /// Looks through every column of every table that can hold a text.
    public static func find(_ name: String, in connection: any SQLConnection) throws(StoreError) -> [NameTrace] {
        let search = NameSearch(name)
        var traces: [NameTrace] = []
        for (table, column) in try connection.dialect.textColumns(of: connection) {
            var count: Int64 = 0
            for row in try connection.query("SELECT \(column) FROM \(table) WHERE \(column) IS NOT NULL") {
                let bytes = row[0].bytes ?? row[0].text.map { Array($0.utf8) } ?? []
                if search.isFound(in: bytes) { count += 1 }
            }
            if count > 0 { traces.append(NameTrace(place: "\(table).\(column)", count: count)) }
        }
        return traces
    }
}
