import Store

/// What the two databases have no common words for.
extension Dialect {
    /// The texts of a group as one text, in an order. In SQLite the rows must come from a subquery that sorts them.
    func joined(_ text: String, by separator: String, orderedBy order: String) -> String {
        switch self {
        case .postgres: "string_agg(\(text), '\(separator)' ORDER BY \(order))"
        case .sqlite: "group_concat(\(text), '\(separator)')"
        }
    }
}
