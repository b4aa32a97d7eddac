import Record

/// Finds the names of people in paths, and replaces them by pseudonyms.
///
/// For people who have lost their names the store has only pseudonyms. Their names are found by making the pseudonym of
/// each part of a path and looking it up. Pseudonyms of an earlier key cannot be found.
struct PathNames {
    private let key: PseudonymKey
    /// The pseudonym by name; nil if a part of a path is not a name.
    private var known: [ExactText: String?] = [:]
    private var gone: Set<ExactText> = []

    init(key: PseudonymKey) { self.key = key }

    mutating func replace(_ name: String, by pseudonym: String) { known[ExactText(name)] = .some(pseudonym) }

    /// Notes a pseudonym whose owner has lost the name.
    mutating func note(gone pseudonym: String) { gone.insert(ExactText(pseudonym)) }

    /// The path with each name in it replaced by the pseudonym; nil if it contains none.
    mutating func without(_ path: String) -> String? {
        var found = false
        var parts: [String] = []
        for part in ExactText(path).split(by: "/") {
            if let pseudonym = pseudonym(of: part) {
                parts.append(pseudonym)
                found = true
            } else {
                parts.append(part.string)
            }
        }
        return found ? parts.joined(separator: "/") : nil
    }

    private mutating func pseudonym(of part: ExactText) -> String? {
        if let known = known[part] { return known }
        guard !gone.isEmpty, !part.string.isEmpty else { return nil }
        let pseudonym = key.pseudonym(of: part.string)
        let found = gone.contains(ExactText(pseudonym)) ? pseudonym : nil
        known[part] = .some(found)
        return found
    }
}
