import ArgumentParser
import Glibc
import Store

struct SQL: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Query the store in SQL, by psql or sqlite3, for reading only.",
        discussion: prose(
            """
            The views named_runs, named_packages and named_days have names instead of numbers; docs/questions.md has the
            statement of each question. Arguments after -- go to psql or sqlite3 unchanged.

            sqlite3 runs in its safe mode, without other files and programs. In PostgreSQL a session cannot write, and
            may otherwise do what its role may do: the role customs_reader is made for it.

            Texts in the store come from outside. On a terminal, the answers to --command and to statements from a file
            are shown in printable form.

            EXAMPLES
              customs sql
              customs sql --command "SELECT count(*) FROM named_runs"
              customs sql --store postgres://customs@db/customs -- --csv -f question.sql
            """))

    @Option(name: .shortAndLong, help: ArgumentHelp("Run this statement and exit.", valueName: "statement"))
    var command: String?

    @Argument(parsing: .postTerminator, help: "Arguments of psql or sqlite3.")
    var arguments: [String] = []

    @OptionGroup var store: StoreOptions

    func run() throws {
        let location = try store.location()
        // reports problems of the store in our words
        let connection = try store.reader()
        Spinner.stop()
        let shell = try shell(of: location, connection)
        for variable in shell.environment { setenv(variable.name, variable.value, 1) }
        // a person at a prompt needs the terminal itself
        if Terminal.isOutput, command != nil || isatty(0) == 0 {
            let status = try ProgramOnTerminal(words: shell.words).run()
            if status != 0 { throw ExitCode(status) }
            return
        }
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
