import ArgumentParser

/// Installs and tries the part of Customs that runs in users' processes.
struct HookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook",
        abstract: "Install the hook that Python processes load, and check that it works.",
        discussion: prose(
            """
            EXAMPLES
              customs hook install --prefix /opt/customs/hook \\
                  --server udp://192.0.2.1:5140
              customs hook check --prefix /opt/customs/hook
            """),
        subcommands: [HookInstall.self, HookCheck.self])
}
