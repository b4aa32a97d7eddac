import ArgumentParser
import Query
import Record
import Settings
import Store

struct Anonymize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put pseudonyms in the place of users' names in old usage.",
        discussion: prose(
            """
            On all days before --older-than, users are called by a pseudonym: who was last seen before it has lost the name for
            good, who has been seen since has it from that day on. Counts of users stay what they were. Names that stand in
            paths (/home/alice/run.py) are replaced too, and records that the store refused, which are kept as they came, go.

            A pseudonym is made of the name by a key, so that the same person gets the same one each time. The key is made at
            the first run, in a file that only its owner may read: who runs this, or, if that is root, the owner of the folder
            that it lies in, so that a timer of that user's can go on. --rotate begins another one: who becomes a pseudonym from
            then on, or comes back, has nothing to do with earlier pseudonyms. --forget destroys the key, and what links
            names to pseudonyms in the store: nobody can tell any more whose they are, and a person's usage under the
            pseudonym and under the name counts as two people's from then on.

            EXAMPLES
              customs anonymize --older-than 180d --dry-run
              customs anonymize --older-than 180d --key-file /etc/customs/pseudonyms.key
              customs anonymize --forget
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: ArgumentHelp("Days before this one: 180d for 180 days ago, or a date.", valueName: "when"))
    var olderThan: String?

    @Flag(help: "Only say whose names would become pseudonyms.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "The file of the key; by default pseudonyms.key in customsd's state directory.", valueName: "file"))
    var keyFile: String?

    @Flag(help: "Make a new key first.")
    var rotate = false

    @Flag(help: "Destroy the key, and what links names to pseudonyms.")
    var forget = false

    func validate() throws {
        if let olderThan { _ = try Day(olderThan, "--older-than") }
        if olderThan == nil && !forget { throw ValidationError("say from when on names stay: --older-than 180d") }
        if forget && rotate { throw ValidationError("--forget and --rotate: give one of them") }
    }

    func run() throws {
        let location = try store.location()
        let settings = try SettingsSources.load(path: store.config)
        let file = PseudonymKeyFile(path: keyFile ?? "\(settings.stateDirectory)/pseudonyms.key")
        var answer: [JSON.Member] = []
        if let olderThan {
            let day = try Day(olderThan, "--older-than").number
            let done = try anonymize(location, before: day, file, EnvironmentKinds(settings.environments))
            answer += [
                JSON.Member("before", .text(Calendar.text(day: day))), JSON.Member("dry_run", .bool(dryRun)),
                JSON.Member("users", .integer(Int64(done.names.count))),
                JSON.Member("names", .array(done.names.map { .text($0) })),
                JSON.Member("paths", dryRun ? .null : .integer(done.paths)),
                JSON.Member("quarantined", .integer(done.quarantined)),
            ]
        } else {
            answer.append(JSON.Member("dry_run", .bool(dryRun)))
        }
        if forget {
            let isThere = try file.load() != nil
            if !dryRun {
                let progress = ProgressLine(name: "unlinking")
                try Anonymizing.unlink(try location.maintainer()) { progress.show(Double($0) / Double(max(1, $1))) }
                progress.clear()
                _ = try file.destroy()
            }
            answer += [JSON.Member("key_file", .text(file.path)), JSON.Member("forgotten", .bool(isThere))]
        }
        try showFacts(.object(answer), as: form)
    }

    private func anonymize(
        _ location: StoreLocation, before day: Int, _ file: PseudonymKeyFile, _ kinds: EnvironmentKinds
    ) throws -> Anonymizing {
        if dryRun { return try Anonymizing.preview(try location.reader(), before: day) }
        let connection = try location.maintainer()
        let key = try rotate ? file.make() : file.load() ?? file.make()
        let progress = ProgressLine(name: "anonymizing")
        defer { progress.clear() }
        return try Anonymizing.run(connection, before: day, key: key, kinds: kinds.kind) { done, all in
            progress.show(Double(done) / Double(max(1, all)))
        }
    }
}
