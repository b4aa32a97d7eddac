/// What a person is called: by name from a day on, and by a pseudonym before.
enum PersonNames {
    /// The name of the user called `u` on a day.
    static func name(on day: String) -> String {
        "CASE WHEN \(day) < u.named_from THEN u.pseudonym ELSE u.name END"
    }

    /// The condition that the user called `u` had a name on the day of the row called `r`; it takes the name twice.
    static let condition = "(u.name = ? AND r.day >= u.named_from OR u.pseudonym = ? AND r.day < u.named_from)"
}
