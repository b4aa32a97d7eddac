import Record
import Store

extension UsageFilter {
    /// The numbers of the accounts whose projects, fields and so on count; nil if the filter has no such condition.
    /// Jobs without an account belong to none.
    func accounts(_ connection: any SQLConnection) throws(StoreError) -> [Int64]? {
        if charged.isEmpty { return nil }
        guard let mapping else { return [] }
        return try connection.query("SELECT id, name FROM accounts WHERE id <> 0").filter { row in
            charged.allSatisfy { property, value in
                ExactText(mapping.value(of: row[1].text ?? "", property)) == ExactText(value)
            }
        }.compactMap { $0[0].integer }
    }

    /// The condition on `column`, a number of an account, beginning with `AND` or empty.
    func accountCondition(_ connection: any SQLConnection, on column: String) throws(StoreError) -> String {
        guard let accounts = try accounts(connection) else { return "" }
        let numbers = accounts.map { String($0) }.joined(separator: ", ")
        return numbers.isEmpty ? " AND false" : " AND \(column) IN (\(numbers))"
    }
}
