import ArgumentParser

/// Python processes of our own, of which it is known how many records must come.
struct CanaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary",
        abstract: "Send out processes of which it is known how many records must come, and count those that do.",
        discussion: """
            customsd sends out canaries by itself where its configuration says so ([canary]); they never count as usage.

            EXAMPLES
              customs canary status
              customs canary run --prefix /opt/customs/hook
            """,
        subcommands: [CanaryRunCommand.self, CanaryStatusCommand.self])
}
