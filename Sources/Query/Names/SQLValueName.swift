import Store

extension SQLValue {
    /// A dictionary's name; nil for the empty one, which means "unknown".
    var name: String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
