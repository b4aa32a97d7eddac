import ArgumentParser
import HookTree
import Query
import Settings
import Store
import Version

/// The command line of the service: it parses arguments, asks, and prints.
@main
struct Customs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customs",
        abstract: "Ask which Python packages are used, by whom, and in which jobs.",
        discussion: prose(
            """
            Every question goes to the store that customsd fills. It is found by --store, else the variable
            CUSTOMS_STORE, else the configuration file, else where customsd keeps it by default.

            EXAMPLES
              customs top --since 30d             the most used packages
              customs package numpy               its versions, months, job sizes
              customs trend torch jax             users and jobs, by month
              customs who numpy --older-than 2.0  whom to write to
              customs job 4242                    what its Python processes did
              customs health                      what became of every message
              customs canary status               how much of what must come does
              customs import archive.jsonl.zst    take records from an archive
              customs prune --older-than 400d     take away old detail
              customs hook install --help         bring the hook to Python

            EXIT STATUS
              0   answered; where the answer is empty, standard error says what there is
              64  the command line cannot be understood
              66  there is no such job, user, package, account or system, or no such file
              69  the store cannot be reached
              70  a defect in this program
              74  the answer cannot be written
              75  an import or a run of canaries in which everything was lost
              78  the configuration cannot be used
            """),
        version: Version.text(of: "customs"),
        subcommands: [
            Top.self, Package.self, Job.self, User.self, JobSizesCommand.self, Correlate.self, Environments.self,
            Stacks.self, Trend.self, Versions.self, New.self, Python.self, Ended.self, Who.self, HealthCommand.self,
            CanaryCommand.self, ImportCommand.self, Export.self, SQL.self, Pack.self, Prune.self, Anonymize.self,
            HookCommand.self,
        ])

    static func main() {
        refuseUnknownCommand()
        do {
            try runCommand()
            try StandardOutput.close()
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
            exit(withError: error)
        }
    }

    private static func runCommand() throws {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch  where exitCode(for: error) == .success {
            // help and the like, which are answers too
            try StandardOutput.write(line: fullMessage(for: error))
        }
    }

    /// The parser would say no more than that it did not expect the word.
    private static func refuseUnknownCommand() {
        guard let word = CommandLine.arguments.dropFirst().first, word.first != "-" else { return }
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        if names.contains(word) { return }
        let near = suggestion(for: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
        fail("there is no command '\(printable(word))'\(near) 'customs --help' lists them all", .usage)
    }

    private static func fail(_ why: String, _ code: SystemExit) -> Never {
        Spinner.stop()
        printError("customs: \(why)")
        exit(withError: ExitCode(code.rawValue))
    }
}
