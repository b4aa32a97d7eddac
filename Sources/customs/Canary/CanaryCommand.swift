import ArgumentParser

/// Measures the loss of records with test processes whose record count is known.
struct CanaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary",
        abstract: "Measure record loss with test processes whose record count is known.",
        discussion: """
            customsd runs canaries by itself if its configuration says so ([canary]). They never count as usage.

            EXAMPLES
              customs canary status
              customs canary run --prefix /opt/customs/hook
            """,
        subcommands: [CanaryRunCommand.self, CanaryStatusCommand.self])
}
