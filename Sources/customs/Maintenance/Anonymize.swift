import ArgumentParser
import JSON
import Query
import Record
import Settings
import Store

struct Anonymize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace users' names by pseudonyms in old usage.",
        discussion: prose(
            """
            On all days before --older-than, users have pseudonyms instead of names. A user who was last seen before
            that day loses the name for good. A user seen since keeps the name from that day on. Counts of users do not
            change. Names in paths (/home/alice/run.py) are replaced too. Records that the store refused contain names,
            and are deleted.

            A key makes the pseudonym from the name, so that a person always gets the same one. The first run makes the
            key, in a file that only its owner may read. The owner is the user who runs this command. If that is root,
            it is the owner of the folder, so that a timer of that user can use the key.

            --rotate makes a new key: later pseudonyms cannot be linked with earlier ones, not even those of the same
            person. --forget destroys the key, and the links between names and pseudonyms in the store. From then on, no
            pseudonym can be traced to a name, and a person's usage under the pseudonym and under the name counts as
            that of two people.

            EXAMPLES
              customs anonymize --older-than 180d --dry-run
              customs anonymize --older-than 180d --key-file /etc/customs/pseudonyms.key
              customs anonymize --forget
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: ArgumentHelp("Days before this one: 180d for 180 days ago, or a date.", valueName: "when"))
    var olderThan: String?

    @Flag(help: "Only print the names that would become pseudonyms.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "The file of the key; by default pseudonyms.key in customsd's state directory.", valueName: "file"))
    var keyFile: String?

    @Flag(help: "Make a new key first.")
    var rotate = false

    @Flag(help: "Destroy the key, and the links between names and pseudonyms.")
    var forget = false

    func validate() throws {
        if let olderThan { _ = try Day(olderThan, of: "--older-than") }
        if olderThan == nil && !forget {
            throw ValidationError("--older-than is missing: name the first day on which names stay, such as 180d")
        }
        if forget && rotate { throw ValidationError("--forget and --rotate: give one of them") }
    }

    func run() throws {
        let location = try store.location()
        let settings = try SettingsSources.load(path: store.config)
        let file = PseudonymKeyFile(path: keyFile ?? "\(settings.stateDirectory)/pseudonyms.key")
        var facts: [JSON.Member] = []
        if let olderThan {
            let day = try Day(olderThan, of: "--older-than").number
            let done = try anonymize(location, before: day, file, EnvironmentKinds(settings.environments))
            facts += [
                JSON.Member("before", .text(Calendar.text(day: day))), JSON.Member("dry_run", .bool(dryRun)),
                JSON.Member("users", .integer(Int64(done.names.count))),
                JSON.Member("names", .array(done.names.map { .text($0) })),
                JSON.Member("paths", dryRun ? .null : .integer(done.paths)),
                JSON.Member("quarantined", .integer(done.quarantined)),
            ]
        } else {
            facts.append(JSON.Member("dry_run", .bool(dryRun)))
        }
        if forget {
            let isThere = try file.load() != nil
            if !dryRun {
                let progress = ProgressLine(name: "unlinking")
                try Anonymizing.unlink(try location.maintainer()) { progress.show(Double($0) / Double(max(1, $1))) }
                progress.clear()
                _ = try file.destroy()
            }
            facts += [JSON.Member("key_file", .text(file.path)), JSON.Member("forgotten", .bool(isThere))]
        }
        try show(Answer(facts: facts), as: form)
    }

    private func anonymize(
        _ location: StoreLocation, before day: Int, _ file: PseudonymKeyFile, _ kinds: EnvironmentKinds
    ) throws -> Anonymizing {
        if dryRun { return try Anonymizing.preview(try location.reader(), before: day) }
        let connection = try location.maintainer()
        let key = try rotate ? file.make() : file.load() ?? file.make()
        let progress = ProgressLine(name: "anonymizing")
        defer { progress.clear() }
        return try Anonymizing.run(
            connection, before: day, key: key, kinds: { kinds.kind(prefix: $0, isInContainer: $1).rawValue }
        ) { done, all in
            progress.show(Double(done) / Double(max(1, all)))
        }
    }
}
