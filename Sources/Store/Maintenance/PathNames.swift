import Record

/// Finds the names of people in texts, and replaces them by pseudonyms.
///
/// A name counts where it is a word of its own: `/home/alice/run.py`, `alice-env`, `alice.py` and `-m alice.tool`, but
/// not `malice`. For people who have lost their names the store has only pseudonyms. Their names are found by making
/// the pseudonym of each word and looking it up. Pseudonyms of an earlier key cannot be found.
struct PathNames {
    /// Directories with a directory for each person; `*` stands for one part of a path.
    private let homes: [[ExactText]]
    private let key: PseudonymKey
    /// The person's pseudonym by name, and the name by the person.
    private var pseudonyms: [ExactText: String] = [:]
    private var names: [Int64: (name: String, pseudonym: String)] = [:]
    /// The pseudonyms of people who have lost their names, by themselves and by the person.
    private var gone: Set<ExactText> = []
    private var goneByPerson: [Int64: ExactText] = [:]
    /// The pseudonym of a word; nil if it is not a name.
    private var known: [ExactText: String?] = [:]

    init(key: PseudonymKey, homes: [String]) {
        self.key = key
        self.homes = homes.map { home in
            ExactText(home).split(by: "/").filter { !$0.string.isEmpty }
        }
    }

    /// Notes a person who has a name.
    mutating func replace(_ name: String, of person: Int64, by pseudonym: String) {
        pseudonyms[ExactText(name)] = pseudonym
        names[person] = (name, pseudonym)
    }

    /// Notes a pseudonym whose owner has lost the name.
    mutating func note(gone pseudonym: String, of person: Int64) {
        gone.insert(ExactText(pseudonym))
        goneByPerson[person] = ExactText(pseudonym)
    }

    /// The text without the names of these people, wherever they stand in it; nil if it contains none.
    mutating func without(_ people: some Sequence<Int64>, in text: String) -> String? {
        var changed = text
        for person in people {
            if let (name, pseudonym) = names[person] {
                changed = NameSearch(name).replacing(in: changed, by: pseudonym)
            } else if let pseudonym = goneByPerson[person] {
                for word in NameSearch.words(of: changed) where self.pseudonym(ofGone: word) == pseudonym.string {
                    changed = NameSearch(word.string).replacing(in: changed, by: pseudonym.string)
                }
            }
        }
        return ExactText(changed) == ExactText(text) ? nil : changed
    }

    /// The name in whose home directory the path lies, and the path without it; nil if it lies in no one's.
    mutating func withoutOwner(in text: String) -> (owner: ExactText, text: String)? {
        let parts = ExactText(text).split(by: "/")
        guard parts.first?.string.isEmpty == true else { return nil }
        for home in homes where parts.count > home.count + 1 {
            let isBelow = home.enumerated().allSatisfy { index, part in
                part.string == "*" || part == parts[index + 1]
            }
            let owner = parts[home.count + 1]
            guard isBelow, !owner.string.isEmpty else { continue }
            guard let pseudonym = pseudonyms[owner] ?? pseudonym(ofGone: owner) else { continue }
            return (owner, NameSearch(owner.string).replacing(in: text, by: pseudonym))
        }
        return nil
    }

    /// The people whose names the text contains, in the order of their numbers.
    mutating func people(namedIn text: String) -> [Int64] {
        var people: Set<Int64> = []
        for word in NameSearch.words(of: text) {
            if pseudonyms[word] != nil {
                people.formUnion(names.filter { ExactText($0.value.name) == word }.keys)
            } else if let pseudonym = pseudonym(ofGone: word) {
                people.formUnion(goneByPerson.filter { $0.value == ExactText(pseudonym) }.keys)
            }
        }
        return people.sorted()
    }

    /// Whether the text contains any person's name.
    mutating func has(nameIn text: String) -> Bool {
        NameSearch.words(of: text).contains { pseudonyms[$0] != nil || pseudonym(ofGone: $0) != nil }
    }

    private mutating func pseudonym(ofGone word: ExactText) -> String? {
        if let known = known[word] { return known }
        guard !gone.isEmpty, !word.string.isEmpty else { return nil }
        let pseudonym = key.pseudonym(of: word.string)
        let found = gone.contains(ExactText(pseudonym)) ? pseudonym : nil
        known[word] = .some(found)
        return found
    }
}
