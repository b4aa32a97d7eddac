import ArgumentParser
import HookTree
import JSON
import Query
import Settings
import Store
import Version

/// The command line of the service: it parses arguments, asks the store, and prints the answer.
@main
struct Customs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customs",
        abstract: "Ask which Python packages are used, by whom, and in which jobs.",
        discussion: prose(
            """
            Every question goes to customsd's store. --store names it, else the variable CUSTOMS_STORE, else the
            configuration file, else it is customsd's default store.

            EXAMPLES
              customs summary --since 30d         users, jobs, node hours, and their change
              customs top --since 30d             the most used packages
              customs top --since 30d --against previous --sort change   what grew
              customs environments --kinds        the centre's module, or people's own conda
              customs package numpy               its versions, months, job sizes
              customs trend torch jax             users and jobs, by month
              customs who numpy --older-than 2.0  users to write to
              customs who --python '<3.9'         users of an old Python
              customs job 4242                    its data and its Python processes
              customs hosts --silent 7            nodes that fell silent
              customs report -o report.html       the report of last month
              customs web                         live pages, in a browser
              customs health                      outcome of every message
              customs canary status               measured loss of records
              customs import archive.jsonl.zst    import records from an archive
              customs prune --older-than 400d     delete old runs
              customs hook install --help         install the hook

            EXIT STATUS
              0   answered; standard error explains an empty answer
              64  the command line is wrong
              66  there is no such job, user, package or other name, or no such file
              69  the store, or a program of Slurm, cannot be reached
              70  a defect in this program
              71  the question needs more memory or time than it may take
              74  the answer cannot be written
              75  an import or a canary batch without a single record
              78  the configuration cannot be used
            """),
        version: Version.text(of: "customs"),
        subcommands: [
            Summary.self, Top.self, Package.self, Job.self, User.self, JobSizesCommand.self, Correlate.self,
            Environments.self, Stacks.self, Trend.self, Versions.self, New.self, Python.self, Ended.self, Who.self,
            Hosts.self, ReportCommand.self, WebCommand.self, HealthCommand.self,
            CanaryCommand.self, ImportCommand.self, Export.self, SQL.self, Pack.self, Prune.self, Anonymize.self,
            HookCommand.self,
        ])

    static func main() {
        refuseUnknownCommand()
        do {
            try runCommand()
            try StandardOutput.close()
            StoreOptions.tellCutJobs()
        } catch let error as StoreError {
            fail(error.description, error.exitCode)
        } catch let error as PseudonymKeyError {
            fail(error.description, .configuration)
        } catch let error as SettingsError {
            fail(error.description, .configuration)
        } catch let error as HookTreeError {
            fail(error.description, error.exitCode)
        } catch let error as Failure {
            fail(error.description, error.code)
        } catch {
            // the message quotes the arguments
            Spinner.stop()
            let message = fullMessage(for: error)
            if !message.isEmpty { printError(message) }
            exit(withError: exitCode(for: error))
        }
    }

    private static func runCommand() throws {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch  where exitCode(for: error) == .success {
            // help and the version, which are answers too
            try StandardOutput.write(line: fullMessage(for: error))
        }
    }

    /// Reports an unknown command. The parser would only say that it did not expect the word.
    private static func refuseUnknownCommand() {
        guard let word = CommandLine.arguments.dropFirst().first, word.first != "-" else { return }
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        if names.contains(word) { return }
        let near = suggestion(for: word, among: names).map { "; did you mean '\($0)'?" } ?? ";"
        fail("there is no command '\(printable(word))'\(near) 'customs --help' lists them all", .usage)
    }

    private static func fail(_ why: String, _ code: SystemExit) -> Never {
        Spinner.stop()
        printError("customs: \(why)")
        exit(withError: ExitCode(code.rawValue))
    }
}
