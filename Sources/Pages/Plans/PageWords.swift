import Query

/// What the page of one question is called, and what it counts.
struct PageWords {
    let title: String
    let note: String
    var form = Panel.Form.picture
    /// The path of a page with a name of its own; nil for the question's.
    var path: String?

    static func of(_ question: PageQuestion) -> PageWords {
        let names = question.arguments.joined(separator: ", ")
        switch question.command {
        case .summary: return PageWords(title: "Totals", note: "Compared with the period before.", form: .tiles)
        case .top where question.options["per"]?.value == "account":
            return PageWords(
                title: "Accounts", note: "Jobs and people by the account that is charged.", path: "/accounts")
        case .top:
            let unit = question.options["per"]?.value ?? "package"
            return PageWords(title: "Usage by \(unit)", note: "Each person and each job counts once in a row.")
        case .package: return PageWords(title: names, note: "Versions in use, by users.", form: .facts)
        case .job: return PageWords(title: "Job \(names)", note: "Its runs.", form: .whole)
        case .user: return PageWords(title: names, note: "Staff counts too, because the person is named.", form: .facts)
        case .jobsizes:
            return PageWords(title: "Jobs by number of nodes", note: "Each job once, with its allocated nodes.")
        case .correlate:
            return PageWords(
                title: "Used in the same jobs", note: "Pearson's coefficient of jobs: 0 or 1 for each package.",
                path: "/together")
        case .environments:
            return PageWords(title: "Environments", note: "By the prefix of the interpreter; people and jobs.")
        case .stacks:
            return PageWords(title: "Sets of packages", note: "Whole sets of package versions that are used together.")
        case .trend: return PageWords(title: names, note: "Distinct people and jobs, month by month.")
        case .versions: return PageWords(title: "Versions of \(names)", note: "The newest first, by PEP 440.")
        case .new:
            return PageWords(title: "New packages", note: "Used in this period, and on no day before.", form: .table)
        case .python: return PageWords(title: "Python", note: "Versions and implementations, by users.")
        case .ended: return PageWords(title: "Ends of processes", note: "By the packages that they used.")
        case .who:
            return PageWords(
                title: names.isEmpty ? "People" : "People who use \(names)", note: "Whom to write to.", form: .table)
        case .hosts: return PageWords(title: "Hosts", note: "Hosts that fell silent come first.", form: .table)
        case .health:
            return PageWords(
                title: "Health", note: "Every received message: stored, merged, duplicate, rejected or pending.",
                form: .picture)
        case .canaries:
            return PageWords(title: "Canaries", note: "Records sent to measure the loss, and those that arrived.")
        }
    }
}
