import ArgumentParser
import Query
import Record
import Store
import SystemClock

struct Hosts: Question {
    static let configuration = CommandConfiguration(
        abstract: "Hosts that records come from, and hosts that are silent.",
        discussion: prose(
            """
            Hosts without any record come first, then those that are silent for longest. silent_days counts from the
            last day with a record to the end of the period, or today; records_per_day is of days with records.

            With --nodes or --sinfo the answer has the listed hosts alone, those without a record too. Names are
            compared without their domains.

            A busy daemon writes these counts up to a minute after the records, and one that is killed loses those.

            EXAMPLES
              customs hosts --silent 7
              customs hosts --sinfo --silent 1
              sinfo -hNo %n | customs hosts --nodes -
            """))

    @Option(help: ArgumentHelp("Only hosts without a record for this number of days, or longer.", valueName: "days"))
    var silent: Int?

    @Option(
        help: ArgumentHelp(
            "Only the hosts of this file, names between blanks or line ends; - is standard input.", valueName: "file"),
        completion: .file())
    var nodes: String?

    @Flag(help: "Only the nodes that sinfo lists and that answer Slurm.")
    var sinfo = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var period: PeriodOptions
    @OptionGroup var rows: LimitOptions

    func validate() throws {
        if let silent, silent < 0 { throw ValidationError("--silent \(silent): a number of days, 0 or more") }
        if sinfo && nodes != nil { throw ValidationError("--sinfo and --nodes: give one of them") }
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let listed = try self.listed()
        let asking = try Asking(store, period.written + rows.written, form)
        let answer = try asking.answer(otherwise: "no host is like that") { (filter, limit) throws(StoreError) in
            try HostUsage.ask(
                asking.connection, filter, today: Int(wallClock() / Calendar.microsecondsPerDay), nodes: listed,
                silent: silent, limit: limit
            ).answer
        }
        return try asking.answered(
            answer, as: form,
            about: ["silent": silent.map { "\($0)" }, "nodes": nodes, "sinfo": sinfo ? "true" : nil])
    }

    /// - Returns: nil if no list is given.
    private func listed() throws -> [String]? {
        guard sinfo || nodes != nil else { return nil }
        let names = try HostList.names(in: sinfo ? HostList.ofSinfo() : HostList.ofFile(nodes ?? "-"))
        if names.isEmpty { throw Failure(.noInput, "\(sinfo ? "sinfo" : "--nodes"): there is no host in the list") }
        return names
    }
}
