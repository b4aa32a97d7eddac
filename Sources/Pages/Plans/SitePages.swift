import Query

/// The pages with a plan of their own.
extension PagePlan {
    /// Totals, and what is asked most.
    ///
    /// - Parameter isPublic: whether only what may be published is on it.
    public static func overview(_ options: [PageOption], isPublic: Bool) -> PagePlan {
        let recent = options.recent
        let year = options.without("since", "until", "month").with(PageOption("since", "365d"))
        var panels = [
            Panel(
                "Packages by users", "Distinct people; each counts once in a row.",
                PageQuestion(.top, of: recent, [PageOption("limit", "20")]), as: .picture),
            Panel(
                "Jobs by number of nodes", "Each job once, with its allocated nodes.",
                PageQuestion(.jobsizes, of: recent), as: .picture),
            Panel(
                "Used in the same jobs", "Pearson's coefficient of jobs: 0 or 1 for each package.",
                PageQuestion(.correlate, of: recent, [PageOption("limit", "40"), PageOption("min", "0.1")]),
                as: .picture),
            Panel(
                "New packages", "Used in this period, and on no day before.",
                PageQuestion(.new, of: recent, [PageOption("limit", "10")]), as: .table),
        ]
        if !isPublic {
            panels.insert(
                Panel(
                    "Users by month", "Distinct people who used Python in that month.",
                    PageQuestion(.top, of: year, [PageOption("per", "month"), PageOption("sort", "month:asc")]),
                    as: .picture), at: 1)
            panels.insert(
                Panel(
                    "All usage", "Compared with the period before.", PageQuestion(.summary, of: recent), as: .tiles,
                    isWide: true), at: 0)
        }
        if !isPublic {
            panels.append(
                Panel(
                    "State of the data", "Every received message: stored, merged, duplicate, rejected or pending.",
                    PageQuestion(.health), as: .picture))
        }
        return PagePlan("Python usage", path: "/", options: recent, panels)
    }

    public static func packages(_ options: [PageOption]) -> PagePlan {
        PagePlan(
            "Packages", path: "/packages", options: options,
            [
                Panel(
                    "Packages by users", "Distinct people; each counts once in a row.",
                    PageQuestion(.top, of: options.limited(to: 50)), as: .picture, isWide: true)
            ])
    }

    public static func package(_ name: String, _ options: [PageOption]) -> PagePlan {
        let year =
            options["since"] == nil && options["month"] == nil ? options.with(PageOption("since", "365d")) : options
        let about = PageOption("package", name)
        return PagePlan(
            name, path: "/package/" + PercentCoding.encoded(name), options: options,
            [
                Panel(
                    "The package", "Versions in use, by users.", PageQuestion(.package, [name], of: options),
                    as: .facts),
                Panel(
                    "Users and jobs by month", "Distinct people who used it in that month.",
                    PageQuestion(.trend, [name], of: year), as: .picture),
                Panel(
                    "Jobs by number of nodes", "Jobs in which it was used.",
                    PageQuestion(.jobsizes, of: options, [about]), as: .picture),
                Panel(
                    "Used in the same jobs", "Pearson's coefficient of jobs: 0 or 1 for each package.",
                    PageQuestion(.correlate, of: options.limited(to: 20), [about]), as: .table),
                Panel(
                    "Ends of processes", "Processes that used it, by how they ended.",
                    PageQuestion(.ended, of: options, [about]), as: .picture),
            ])
    }

    /// - Parameter options: `cluster` and `day`.
    public static func job(_ id: String, _ options: [PageOption]) -> PagePlan {
        PagePlan(
            "Job \(id)", path: "/job/" + PercentCoding.encoded(id), options: options,
            [
                Panel(
                    "Steps and processes", "From the first to the last sign of each run, with its worst end.",
                    PageQuestion(.job, id, options: options), as: .whole, isWide: true)
            ])
    }

    public static func user(_ name: String, _ options: [PageOption]) -> PagePlan {
        PagePlan(
            name, path: "/user/" + PercentCoding.encoded(name), options: options,
            [
                Panel(
                    "The person", "Staff counts too, because the person is named.",
                    PageQuestion(.user, [name], of: options), as: .facts),
                Panel(
                    "Packages", "By processes of this person.",
                    PageQuestion(
                        .top, of: options.limited(to: 20).without("include-staff"),
                        [PageOption("user", name), PageOption("include-staff", nil), PageOption("by", "processes")]),
                    as: .picture),
            ])
    }

    public static func stack(_ hash: String, _ options: [PageOption]) -> PagePlan {
        PagePlan(
            "Set of packages", path: "/stack/" + PercentCoding.encoded(hash), options: options,
            [
                Panel(
                    "The set", "Package versions that are used together.", PageQuestion(.stacks, of: options),
                    as: .table, isWide: true, row: hash)
            ])
    }

    /// The page of one question.
    public static func question(_ question: PageQuestion) -> PagePlan {
        let words = PageWords.of(question)
        let names = question.arguments.map { PercentCoding.encoded($0) }
        return PagePlan(
            words.title, path: words.path ?? "/" + ([question.command.rawValue] + names).joined(separator: "/"),
            options: words.path == "/accounts" ? question.options.without("per") : question.options,
            [Panel(words.title, words.note, question, as: words.form, isWide: true)])
    }
}

extension [PageOption] {
    /// The last 30 days if no period is given.
    fileprivate var recent: [PageOption] {
        self["since"] == nil && self["until"] == nil && self["month"] == nil ? with(PageOption("since", "30d")) : self
    }

    fileprivate func limited(to count: Int) -> [PageOption] {
        self["limit"] == nil ? with(PageOption("limit", "\(count)")) : self
    }
}
