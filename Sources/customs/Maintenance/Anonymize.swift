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
            change. Names in paths (/home/alice/run.py) and other texts are replaced too: in the person's own usage, in
            that person's home directory (setting anonymize.homes), and where fewer than five others use the path.
            Records that the store refused and snapshots contain names, and are deleted.

            If the name of one person would go from the paths of more than a tenth of all people, the command refuses: a
            sender may have called himself like a directory. --dry-run shows the paths, and --force goes on.

            --verify looks for a name in all tables and in the files of the store and of the daemon, and ends with
            status 1 if it is found.

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
              customs anonymize --verify alice
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: ArgumentHelp("Days before this one: 180d for 180 days ago, or a date.", valueName: "when"))
    var olderThan: String?

    @Flag(help: "Only print the names that would become pseudonyms, and the paths that would change.")
    var dryRun = false

    @Flag(help: "Replace names even if many people's paths contain the name of one other person.")
    var force = false

    @Option(help: ArgumentHelp("Only look for this name in the store and its files.", valueName: "name"))
    var verify: String?

    @Option(
        help: ArgumentHelp(
            "The file of the key; by default pseudonyms.key in customsd's state directory.", valueName: "file"))
    var keyFile: String?

    @Flag(help: "Make a new key first.")
    var rotate = false

    @Flag(help: "Destroy the key, and the links between names and pseudonyms.")
    var forget = false

    func validate() throws {
        try form.format.refusePicture()
        if let olderThan { _ = try Day(olderThan, of: "--older-than") }
        if let verify {
            if verify.isEmpty { throw ValidationError("--verify: name a user") }
            if olderThan != nil || forget || rotate {
                throw ValidationError("--verify changes nothing: give it alone")
            }
            return
        }
        if olderThan == nil && !forget {
            throw ValidationError("--older-than is missing: name the first day on which names stay, such as 180d")
        }
        if forget && rotate { throw ValidationError("--forget and --rotate: give one of them") }
    }

    func run() throws {
        let location = try store.location()
        let settings = try SettingsSources.load(path: store.config)
        if let verify { return try report(tracesOf: verify, in: location, stateDirectory: settings.stateDirectory) }
        let file = PseudonymKeyFile(path: keyFile ?? "\(settings.stateDirectory)/pseudonyms.key")
        var facts: [JSON.Member] = []
        if let olderThan {
            let day = try Day(olderThan, of: "--older-than").number
            let done = try anonymize(location, before: day, file, settings)
            facts += [
                JSON.Member("before", .text(Calendar.text(day: day))), JSON.Member("dry_run", .bool(dryRun)),
                JSON.Member("users", .integer(Int64(done.names.count))),
                JSON.Member("names", .array(done.names.map { .text($0) })),
                JSON.Member("paths", .integer(done.paths)), JSON.Member("quarantined", .integer(done.quarantined)),
            ]
            facts.append(
                dryRun
                    ? JSON.Member(
                        "replaced", .array(done.replaced.map { .object(["from": .text($0.from), "to": .text($0.to)]) }))
                    : JSON.Member("texts", .integer(done.texts)))
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
        _ location: StoreLocation, before day: Int, _ file: PseudonymKeyFile, _ settings: Settings
    ) throws -> Anonymizing {
        let kinds = EnvironmentKinds(settings.environments)
        func rules(_ key: PseudonymKey) -> Anonymizing.Rules {
            Anonymizing.Rules(
                key: key, homes: settings.anonymize.homes,
                kinds: { kinds.kind(prefix: $0, isInContainer: $1).rawValue })
        }
        // before there is a key, a preview shows pseudonyms that no one will have
        let known = try rotate ? nil : file.load()
        let preview = try Anonymizing.preview(
            try location.reader(), before: day, rules(known ?? PseudonymKey.random()))
        if dryRun { return preview }
        if preview.foreignShare > Anonymizing.mostForeignShare, !force {
            let share = Int(preview.foreignShare * 100)
            throw Failure(
                .usage,
                "the name of one person would go from the paths of \(share) % of all people; see --dry-run and --force"
            )
        }
        let connection = try location.maintainer()
        let key = try known ?? file.make()
        let progress = ProgressLine(name: "anonymizing")
        defer { progress.clear() }
        return try Anonymizing.run(connection, before: day, rules(key)) { done, all in
            progress.show(Double(done) / Double(max(1, all)))
        }
    }

    private func report(tracesOf name: String, in location: StoreLocation, stateDirectory: String) throws {
        var traces = try NameTrace.find(name, in: try location.reader())
        let files = FileTraces(of: name)
        traces += try files.find(below: stateDirectory)
        if let file = location.file, !file.hasPrefix(stateDirectory + "/") {
            for suffix in ["", "-wal", "-journal"] { traces += try files.find(in: file + suffix) }
        }
        try show(
            Answer(traces, [.text("place") { $0.place }, .count("count", of: .records) { $0.count }]), as: form)
        if !traces.isEmpty { throw ExitCode(1) }
    }
}
