/// Finds the names of people in paths, and puts their pseudonyms in the place.
///
/// Of people who have lost their names there are only pseudonyms left. Theirs are found by making the pseudonym of each part of a
/// path and looking whether somebody bears it; those that were made by an earlier key cannot be found.
struct PathNames {
    private let key: PseudonymKey
    /// By name; nil where a part of a path is nobody's name.
    private var known: [String: String?] = [:]
    private var gone: Set<String> = []

    init(key: PseudonymKey) { self.key = key }

    mutating func replace(_ name: String, by pseudonym: String) { known[name] = .some(pseudonym) }

    /// Whoever bears the pseudonym has lost the name.
    mutating func note(gone pseudonym: String) { gone.insert(pseudonym) }

    /// The path with each of its parts that is a name replaced by the pseudonym; nil if there is none.
    mutating func without(_ path: String) -> String? {
        var found = false
        var parts: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            if let pseudonym = pseudonym(of: String(part)) {
                parts.append(pseudonym)
                found = true
            } else {
                parts.append(String(part))
            }
        }
        return found ? parts.joined(separator: "/") : nil
    }

    private mutating func pseudonym(of part: String) -> String? {
        if let known = known[part] { return known }
        guard !gone.isEmpty, !part.isEmpty else { return nil }
        let pseudonym = key.pseudonym(of: part)
        let found = gone.contains(pseudonym) ? pseudonym : nil
        known[part] = .some(found)
        return found
    }
}
