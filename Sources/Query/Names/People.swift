import Record
import Store

/// All users with a name.
struct People {
    private struct Person {
        let name: String
        let pseudonym: String
        /// The day counted from 1970-01-01 UTC.
        let namedFrom: Int
    }

    private var people: [Int64: Person] = [:]
    /// The day from which a user has the name, for users with one.
    private let named = PagedArray<Int32>(empty: 0)

    init(_ connection: any SQLConnection) throws(StoreError) {
        for row in try connection.query(
            "SELECT id, name, pseudonym, named_from FROM users WHERE id <> 0 AND name <> ''")
        {
            people[row[0].integer ?? 0] = Person(
                name: row[1].text ?? "", pseudonym: row[2].text ?? "", namedFrom: Int(row[3].integer ?? 0))
            // plus one, because a name for all days begins at day 0
            named[row[0].integer ?? 0] = Int32(clamping: (row[3].integer ?? 0) + 1)
        }
    }

    /// A number for a user under the name of a day; 0 without a name.
    func person(_ user: Int64, on day: Int) -> Int64 {
        let named = named[user]
        return named == 0 ? 0 : user * 2 + (day < named - 1 ? 1 : 0)
    }

    /// The name for such a number.
    func name(of person: Int64) -> String {
        guard let known = people[person / 2] else { return "" }
        return person % 2 == 1 ? known.pseudonym : known.name
    }

    /// The people who have this name on some days.
    func called(_ name: String) -> People {
        var some = self
        some.people = people.filter { isSame($0.value.name, name) || isSame($0.value.pseudonym, name) }
        return some
    }

    /// The users who have this name on a day.
    func numbers(on day: Int, called name: String) -> Set<Int64> {
        var numbers: Set<Int64> = []
        for (number, person) in people where isSame(day < person.namedFrom ? person.pseudonym : person.name, name) {
            numbers.insert(number)
        }
        return numbers
    }

    /// The SQL for runs called `r` of the people who have this name on the run's day.
    func condition(_ name: String) -> String {
        let some = called(name).people.map { number, person in
            switch (isSame(person.name, name), isSame(person.pseudonym, name)) {
            case (true, true): "r.usr = \(number)"
            case (true, false): "(r.usr = \(number) AND r.day >= \(person.namedFrom))"
            default: "(r.usr = \(number) AND r.day < \(person.namedFrom))"
            }
        }
        return some.isEmpty ? "false" : "(\(some.joined(separator: " OR ")))"
    }
}
