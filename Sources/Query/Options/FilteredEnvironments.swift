import Record
import Store

extension UsageFilter {
    /// The numbers of the environments whose usage counts; nil if that of all does.
    func environments(_ connection: any SQLConnection) throws(StoreError) -> [Int64]? {
        guard system != nil || subsystem != nil || python != nil || prefix != nil else { return nil }
        var sql = "SELECT id, python, prefix FROM environments WHERE true"
        var parameters: [SQLValue] = []
        for (column, name) in [("system", system), ("subsystem", subsystem)] {
            guard let name else { continue }
            sql += " AND \(column) = ?"
            parameters.append(.text(name))
        }
        // there are few versions and many environments
        var versions: [ExactText: Bool] = [:]
        func isWanted(_ version: String) -> Bool {
            guard let python else { return true }
            if let known = versions[ExactText(version)] { return known }
            let isWanted = python.contains(version)
            versions[ExactText(version)] = isWanted
            return isWanted
        }
        return try connection.query(sql, parameters).filter { row in
            isWanted(row[1].text ?? "") && (prefix?.matches(Array((row[2].text ?? "").utf8)) ?? true)
        }.compactMap { $0[0].integer }
    }
}
