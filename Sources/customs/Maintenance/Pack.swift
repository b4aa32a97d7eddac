import ArgumentParser
import JSON
import Query
import Record
import Store

struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pack finished days, so that questions over them are fast.",
        discussion: prose(
            """
            A packed day is a copy of the day's usage in a form that is read fast; every question gives the same answer
            with and without it. customsd packs days by itself, two hours after their end, and again when they change.
            This command is for a store without a daemon: after 'customs import', or before many questions.

            EXAMPLES
              customs pack
              customs pack --store sqlite:///var/lib/customs/customs.sqlite --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    func validate() throws { try form.format.refusePicture() }

    func run() throws {
        let connection = try store.location().maintainer()
        let days = try Packing.due(connection)
        let progress = ProgressLine(name: "packing")
        var packed = 0
        for (index, day) in days.enumerated() {
            progress.show(Double(index) / Double(days.count))
            if try Packing.pack(connection, day: day) { packed += 1 }
        }
        progress.clear()
        let counts: KeyValuePairs<String, JSON> = [
            "days": .integer(Int64(packed)), "changing": .integer(Int64(days.count - packed)),
        ]
        try show(Answer(facts: counts), as: form)
    }
}
