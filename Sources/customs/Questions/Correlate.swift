import ArgumentParser
import Query
import Store

struct Correlate: Question {
    static let configuration = CommandConfiguration(
        abstract: "Packages that are used in the same jobs.",
        discussion: prose(
            """
            Pearson's coefficient of two packages is 1 if every job uses both or neither, 0 if their use is independent,
            and -1 if every job uses exactly one of them. Without a package the answer has the pairs of the 1,000
            packages in most jobs.

            EXAMPLES
              customs correlate --min 0.6 --since 150d --compute
              customs correlate mpi4py --limit 20
            """))

    @OptionGroup var only: PackageChoice

    @Option(name: .customLong("min"), help: ArgumentHelp("Smallest coefficient to show, -1 to 1.", valueName: "r"))
    var least: Double?

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func validate() throws {
        if let least, !(-1...1).contains(least) {
            throw ValidationError("--min \(least): a coefficient is between -1 and 1")
        }
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, form, in: context, accounts: filter.selection.charged)
        try asking.refusePublicPart()
        let package = try only.name.map { try asking.package($0) }
        // a bound could be moved until the exact coefficient is known
        let least = asking.filter.leastUsers > 0 ? self.least.map { ($0 * 10).rounded(.up) / 10 } : self.least
        let answer = try asking.answer { (filter, limit) throws(StoreError) in
            try PackageCorrelations.ask(
                asking.connection, filter, package: package, least: least, limit: limit
            ).answer
        }
        return try asking.answered(answer, as: form, about: ["package": package, "min": self.least.map { String($0) }])
    }
}
