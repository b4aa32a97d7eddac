import Record
import Store

/// The programs that people ran, from rows of usage. A process without the name of a program does not count, and sums
/// of pruned usage have none.
struct UserPrograms {
    private var uses = UserStackSums()

    /// - Parameters:
    ///   - places: the indices of the rows that count.
    ///   - persons: the person of each row (`People`).
    mutating func add(_ rows: DayRows, _ places: [Int], persons: [Int64]) {
        let (programs, processes) = (rows[.program], rows[.processes])
        for row in places where programs[row] > 0 {
            uses.add(user: persons[row], key: programs[row], processes: processes[row], day: rows.day)
        }
    }

    /// The most used programs of some people by their names, most processes first.
    ///
    /// - Parameter limit: the most programs of a person.
    func mostUsed(
        _ connection: any SQLConnection, by names: [ExactText], _ people: People, limit: Int
    ) throws(StoreError) -> [ExactText: [String]] {
        let wanted = Set(names)
        var counts: [ExactText: [Int64: Int64]] = [:]
        for use in uses.entries {
            let name = ExactText(people.name(of: use.user))
            if wanted.contains(name) { counts[name, default: [:]][use.key, default: 0] &+= use.processes }
        }
        var candidates: Set<Int64> = []
        for programs in counts.values { candidates.formUnion(UserPrograms.candidates(programs, limit)) }
        let texts = try texts(connection, candidates)
        return counts.mapValues { programs in
            programs.compactMap { number, count in texts[number].map { (text: $0, count: count) } }
                .sorted { $0.count == $1.count ? byBytes($0.text, $1.text) : $0.count > $1.count }
                .map { $0.text }.limited(to: limit)
        }
    }

    /// The programs that may be among the first: names decide between equal ones.
    private static func candidates(_ programs: [Int64: Int64], _ limit: Int) -> [Int64] {
        let counts = programs.values.sorted(by: >)
        let least = counts.count > limit ? counts[limit - 1] : 0
        return programs.filter { $0.value >= least }.map { $0.key }
    }

    private func texts(
        _ connection: any SQLConnection, _ numbers: Set<Int64>
    ) throws(StoreError) -> [Int64: String] {
        if numbers.isEmpty { return [:] }
        let list = numbers.map { String($0) }.joined(separator: ", ")
        var texts: [Int64: String] = [:]
        for row in try connection.query("SELECT id, name FROM programs WHERE id IN (\(list))") {
            texts[row[0].integer ?? 0] = row[1].text ?? ""
        }
        return texts
    }
}
