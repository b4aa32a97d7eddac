import Merge

/// The temporary tables that a batch passes through.
enum Staged {
    static let names = StagedTable("staged_names", [("ordinal", .integer), ("name", .text)])
    static let keys = StagedTable(
        "staged_keys",
        [
            ("ordinal", .integer), ("fingerprint", .uuid), ("prefix", .text), ("python", .text),
            ("implementation", .text), ("container", .text), ("system", .text), ("subsystem", .text),
        ])
    static let stackPackages = StagedTable(
        "staged_stack_packages",
        [("fingerprint", .uuid), ("name", .text), ("version", .text), ("direct", .integer)])
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
            ("first_seen", .integer), ("last_seen", .integer), ("longest", .integer), ("day", .integer),
            ("cluster", .integer), ("job", .integer), ("step", .integer), ("usr", .integer), ("executable", .integer),
            ("program", .integer), ("stack", .integer), ("environment", .integer), ("host", .integer),
            ("size_class", .integer), ("flags", .integer), ("processes", .integer), ("ranks", .integer),
            ("exceptions", .integer), ("signals", .integer), ("killed", .integer),
        ])

    static let all = [names, keys, stackPackages, jobs, claims, runs]

    static func columns(of table: StagedTable) -> String {
        table.columns.map { $0.name }.joined(separator: ", ")
    }
}
