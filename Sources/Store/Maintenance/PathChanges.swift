import Record

/// The paths of old usage that contain names, and what replaces them.
///
/// A path may be everybody's, and a liar may claim to be called `usr` or `envs`. So a name is replaced in the usage of
/// its own person. In the usage of others it is replaced only in two cases: the path lies in that person's
/// home directory, or fewer than five others use the path beside that person.
struct PathChanges {
    struct Change {
        let kind: Renaming.Kind
        let old: Int64
        /// The person in whose usage the path is replaced; nil for all.
        let person: Int64?
        let from: [String]
        /// Nil if no usage has the path, so it needs no replacement.
        let to: [String]?
    }

    private(set) var changes: [Change] = []
    /// The people with old usage.
    private var people: Set<Int64> = []
    /// By the name of a home directory: the other people with paths in it.
    private var guests: [ExactText: Set<Int64>] = [:]

    /// The largest share of the people whose paths all lose the name of one other person, from 0 to 1; 0 if they are
    /// few.
    var foreignShare: Double {
        let most = guests.values.map { $0.count }.max() ?? 0
        return most < PathChanges.mostOwners ? 0 : Double(most) / Double(people.count)
    }

    /// The number of people up to which a path counts as belonging to each of them.
    private static let mostOwners = 5

    /// - Parameter day: usage before this day is old.
    init(_ connection: any SQLConnection, _ names: inout PathNames, before day: Int) throws(StoreError) {
        for dictionary in Renaming.dictionaries {
            let rows = try connection.query(
                "SELECT id, \(dictionary.texts.joined(separator: ", ")) FROM \(dictionary.table) ORDER BY id")
            // after the paths, so that paths in use by then are found in use
            let used = try PathChanges.people(connection, dictionary.column, inSums: dictionary.kind == .environment)
            for row in rows {
                guard let id = row[0].integer else { continue }
                let texts = row.dropFirst().map { $0.text ?? "" }
                guard let people = used[id] else {
                    if texts.contains(where: { names.has(nameIn: $0) }) {
                        changes.append(Change(kind: dictionary.kind, old: id, person: nil, from: texts, to: nil))
                    }
                    continue
                }
                add(dictionary.kind, id, texts, people.filter { $0.day < Int64(day) }.map { $0.person }, &names)
            }
        }
    }

    /// - Parameter people: those who used the path before the day.
    private mutating func add(
        _ kind: Renaming.Kind, _ id: Int64, _ texts: [String], _ people: [Int64], _ names: inout PathNames
    ) {
        if people.isEmpty { return }
        self.people.formUnion(people)
        var all = texts
        for (place, text) in texts.enumerated() {
            guard let (owner, changed) = names.withoutOwner(in: text) else { continue }
            all[place] = changed
            for person in people where names.without([person], in: owner.string) == nil {
                guests[owner, default: []].insert(person)
            }
        }
        if people.count <= PathChanges.mostOwners { all = all.map { names.without(people, in: $0) ?? $0 } }
        let changesAll = !isSame(all, texts)
        if changesAll { changes.append(Change(kind: kind, old: id, person: nil, from: texts, to: all)) }
        for person in people {
            let own = all.map { names.without([person], in: $0) ?? $0 }
            if !isSame(own, all) { changes.append(Change(kind: kind, old: id, person: person, from: texts, to: own)) }
        }
    }

    private func isSame(_ left: [String], _ right: [String]) -> Bool {
        left.map { ExactText($0) } == right.map { ExactText($0) }
    }

    /// The people who used each row of a dictionary, and the first day on which they did.
    private static func people(
        _ connection: any SQLConnection, _ column: String, inSums: Bool
    ) throws(StoreError) -> [Int64: [(person: Int64, day: Int64)]] {
        let sums = inSums ? " UNION ALL SELECT \(column) AS value, usr, day FROM pruned_usage" : ""
        var people: [Int64: [(person: Int64, day: Int64)]] = [:]
        for row in try connection.query(
            """
            SELECT value, usr, min(day) FROM (SELECT \(column) AS value, usr, day FROM runs\(sums)) used
            GROUP BY value, usr
            """)
        {
            guard let value = row[0].integer, let person = row[1].integer, let day = row[2].integer else { continue }
            people[value, default: []].append((person, day))
        }
        return people
    }
}
