extension Array {
    /// - Parameter limit: the most elements; nil for all.
    func limited(to limit: Int?) -> [Element] { limit.map { Array(prefix($0)) } ?? self }
}
