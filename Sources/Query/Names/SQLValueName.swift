import Store

extension SQLValue {
    /// A dictionary's name; nil for the empty one, which stands for "not said".
    var name: String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
