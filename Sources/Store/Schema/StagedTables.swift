import Merge

/// The temporary tables of a batch.
enum Staged {
    /// Names of several dictionaries in one transaction; the raw value of `Dimension` tells them apart.
    static let names = StagedTable("staged_names", [("dimension", .integer), ("ordinal", .integer), ("name", .text)])
    static let keys = StagedTable(
        "staged_keys",
        [
            ("dimension", .integer), ("ordinal", .integer), ("fingerprint", .uuid), ("prefix", .text),
            ("python", .text),
            ("implementation", .text), ("container", .text), ("system", .text), ("subsystem", .text),
        ])
    static let stackPackages = StagedTable(
        "staged_stack_packages",
        [("stack", .integer), ("name", .text), ("version", .text), ("direct", .integer)])
    static let jobs = StagedTable(
        "staged_jobs",
        [("ordinal", .integer), ("cluster", .integer), ("job_id", .text), ("restart", .integer)]
            + JobClaim.columns.map { ($0, .integer) })
    static let claims = StagedTable(
        "staged_claims",
        [("job", .integer)] + JobClaim.columns.map { ($0, .integer) })
    static let runs = StagedTable(
        "staged_runs",
        [("run", .uuid)] + [
            ("first_seen", .integer), ("last_seen", .integer), ("started", .integer), ("day", .integer),
            ("cluster", .integer), ("job", .integer), ("step", .integer), ("usr", .integer), ("executable", .integer),
            ("program", .integer), ("stack", .integer), ("environment", .integer), ("host", .integer),
            ("size_class", .integer), ("flags", .integer), ("processes", .integer), ("ranks", .integer),
            ("exceptions", .integer), ("signals", .integer), ("killed", .integer), ("relay", .integer),
        ])

    static let hosts = StagedTable(
        "staged_hosts",
        [
            ("name", .text), ("day", .integer), ("records", .integer), ("first_seen", .integer),
            ("last_seen", .integer),
        ])

    static let all = [names, keys, stackPackages, jobs, claims, runs, hosts]

    static func columns(of table: StagedTable) -> String {
        table.columns.map { $0.name }.joined(separator: ", ")
    }
}

/// Tables of the schema that take new rows directly.
enum UsageTables {
    static let jobs = StagedTable(
        "jobs",
        [("id", .small), ("cluster", .small), ("job_id", .text), ("restart", .small)]
            + JobClaim.columns.map { ($0, $0.hasPrefix("array_") ? .integer : .small) })
    static let runs = StagedTable(
        "runs",
        Staged.runs.columns.map { column in
            switch column.name {
            case "run", "first_seen", "last_seen", "started": column
            case "size_class", "flags": (column.name, .tiny)
            default: (column.name, .small)
            }
        })
}
