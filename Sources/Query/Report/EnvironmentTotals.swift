import Record
import Store

/// The totals of usage by something that is computed from the texts of the interpreter's environment. One scan serves
/// several such groupings.
struct EnvironmentTotals {
    struct Environment {
        /// Empty if no record has a version.
        let python: String
        let prefix: String
        let isInContainer: Bool
        /// The kind that was kept when the prefix lost a name.
        let keptKind: String?
    }

    private let environments: [(number: Int64, environment: Environment)]
    private let sums: GroupedTotals

    init(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) {
        var sums = GroupedTotals()
        try UsageScan(connection, filter).days(sums.columns.union([.environment])) { rows, kept in
            sums.add(rows, kept: kept, counted: kept, numbers: rows[.environment])
        }
        self.sums = sums
        let used = sums.numbers
        let rows = try connection.query(
            "SELECT id, python, prefix, CASE WHEN container <> '' THEN 1 ELSE 0 END, kind FROM environments")
        environments = rows.compactMap { row in
            guard let number = row[0].integer, used.contains(number) else { return nil }
            let environment = Environment(
                python: row[1].text ?? "", prefix: row[2].text ?? "", isInContainer: row[3].integer == 1,
                keptKind: row[4].text)
            return (number, environment)
        }
    }

    /// The versions of Python that are in use.
    var pythons: [String] { environments.map { $0.environment.python } }

    func totals<Group: Hashable>(by group: (Environment) -> Group) -> [Group: UsageTotals] {
        var groups = StackGroups<Group>()
        for (number, environment) in environments { groups.add(number, to: group(environment)) }
        return sums.totals(of: groups, leastUsers: 0)
    }
}

/// Usage by release series of Python.
struct SeriesUsage {
    struct Row {
        /// `3.8`: what `--python 3.8` selects. nil for usage without a version, or with one of another form.
        let series: String?
        let totals: UsageTotals
    }

    /// The newest series first, and what has none last.
    let rows: [Row]

    init(_ usage: EnvironmentTotals) {
        let known = Set(usage.pythons.compactMap { PythonReleases.series(of: $0) })
        let specifiers = known.compactMap { series in
            VersionSpecifiers(series).map { (series: series, specifiers: $0) }
        }
        let totals = usage.totals { environment in
            specifiers.first { $0.specifiers.contains(environment.python) }?.series
        }
        rows = totals.map { Row(series: $0, totals: $1) }.sorted { left, right in
            guard let one = left.series, let other = right.series else { return left.series != nil }
            guard let version = PackageVersion(one), let second = PackageVersion(other), version != second else {
                return byBytes(one, other)
            }
            return version > second
        }
    }

    /// - Parameter today: whether an end of life is over; days since 1970-01-01 UTC.
    func answer(today: Int) -> Answer {
        let fields: [Field<Row>] =
            [.text("python") { $0.series }] + UsageTotals.fields { $0.totals }
            + PythonReleases.fields(today: today) { $0.series }
        return Answer(rows, fields, measure: .users)
    }
}

extension PythonReleases {
    /// The columns that tell of the end of a series' life.
    static func fields<Row>(
        today: Int, _ series: @escaping @Sendable (Row) -> String?
    ) -> [Field<Row>] {
        let end = { @Sendable (row: Row) in series(row).flatMap { PythonReleases.end(ofSeries: $0) } }
        return [.text("end_of_life") { end($0)?.text }, .flag("ended") { end($0)?.isOver(on: today) }]
    }
}

/// Usage by kind of the interpreter's environment.
struct KindUsage {
    struct Row {
        let kind: EnvironmentKinds.Kind
        let totals: UsageTotals
    }

    /// Most users first.
    let rows: [Row]

    init(_ usage: EnvironmentTotals, _ kinds: EnvironmentKinds) {
        let totals = usage.totals {
            kinds.kind(prefix: $0.prefix, isInContainer: $0.isInContainer, kept: $0.keptKind)
        }
        rows = totals.map { Row(kind: $0, totals: $1) }.sorted { left, right in
            left.totals.users == right.totals.users
                ? byBytes(left.kind.rawValue, right.kind.rawValue) : left.totals.users > right.totals.users
        }
    }

    var answer: Answer {
        Answer(rows, [.text("kind") { $0.kind.rawValue }] + UsageTotals.fields { $0.totals }, measure: .users)
    }
}
