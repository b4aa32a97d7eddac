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
        let shell = try shell(of: location, connection)
        for variable in shell.environment { setenv(variable.name, variable.value, 1) }
        var words: [UnsafeMutablePointer<CChar>?] = shell.words.map { strdup($0) }
        words.append(nil)
        execvp(shell.words[0], words)
        let why = String(cString: strerror(errno))
        throw Failure(
            .unavailable, "cannot start \(shell.words[0]): \(why) (Debian: apt-get install \(shell.package))")
    }

    private func shell(of location: StoreLocation, _ connection: any SQLConnection) throws -> SQLShell {
        do {
            return try location.shell(connection: connection, statement: command, arguments: arguments)
        } catch {
            throw Failure(.configuration, error.description)
        }
    }
}
