import ArgumentParser
import Glibc
import Store

struct SQL: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Ask in SQL: psql or sqlite3 on the store, for reading only.",
        discussion: prose(
            """
            The views named_runs, named_packages and named_days have names in the place of numbers; docs/questions.md has the
            statement behind each question. What stands behind -- goes to psql or sqlite3 as it is.

            EXAMPLES
              customs sql
              customs sql --command "SELECT count(*) FROM named_runs"
              customs sql --store postgres://customs@db/customs -- --csv -f question.sql
            """))

    @OptionGroup var store: StoreOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Answer this statement and end.", valueName: "statement"))
    var command: String?

    @Argument(parsing: .postTerminator, help: "Arguments of psql or sqlite3.")
    var arguments: [String] = []

    func run() throws {
        let location = try store.location()
        // says what is wrong with the store in our words
        let connection = try store.reader()
        Spinner.stop()
        let program: [String]
        switch location {
        case .sqlite(let path):
            // where the file may not be written, a name that says so
            let file = (connection as? SQLiteConnection)?.name ?? path
            program = ["sqlite3", "-readonly", "-header"] + arguments + [file] + (command.map { [$0] } ?? [])
        case .postgres(let url):
            let client = try client(of: url)
            for variable in client.environment { setenv(variable.name, variable.value, 1) }
            program = ["psql", "-X", "-d", client.connection] + (command.map { ["-c", $0] } ?? []) + arguments
        }
        var words: [UnsafeMutablePointer<CChar>?] = program.map { strdup($0) }
        words.append(nil)
        execvp(program[0], words)
        let why = String(cString: strerror(errno))
        throw Failure(.unavailable, "cannot start \(program[0]): \(why) (Debian: apt-get install \(package))")
    }

    private func client(of url: String) throws -> PostgresClient {
        do {
            return try PostgresClient(
                readingFrom: url, options: getenv("PGOPTIONS").map { String(cString: $0) })
        } catch {
            throw Failure(.configuration, error.description)
        }
    }

    private var package: String {
        if case .sqlite? = try? store.location() { return "sqlite3" }
        return "postgresql-client"
    }
}
