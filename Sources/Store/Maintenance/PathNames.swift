import Record

/// Finds the names of people in paths, and puts their pseudonyms in the place.
///
/// Of people who have lost their names there are only pseudonyms left. Theirs are found by making the pseudonym of each part of a
/// path and looking whether somebody bears it; those that were made by an earlier key cannot be found.
struct PathNames {
    private let key: PseudonymKey
    /// By name; nil where a part of a path is nobody's name.
    private var known: [ExactText: String?] = [:]
    private var gone: Set<ExactText> = []

    init(key: PseudonymKey) { self.key = key }

    mutating func replace(_ name: String, by pseudonym: String) { known[ExactText(name)] = .some(pseudonym) }

    /// Whoever bears the pseudonym has lost the name.
    mutating func note(gone pseudonym: String) { gone.insert(ExactText(pseudonym)) }

    /// The path with each of its parts that is a name replaced by the pseudonym; nil if there is none.
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
