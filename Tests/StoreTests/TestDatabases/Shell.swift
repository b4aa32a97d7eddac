import Glibc

/// Programs that the tests run.
public enum Shell {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    /// A folder for the files of this process's tests; it is removed when the process ends.
    public static func run(_ command: String) throws(Failed) {
        guard let pid = start(command) else { throw Failed(description: "cannot start: \(command)") }
        let status = wait(for: pid)
        guard status == 0 else { throw Failed(description: "wait status \(status): \(command)") }
    }

    /// Starts a command of `sh`; nil if that fails.
    static func start(_ command: String) -> pid_t? {
        // a user's own language would change the programs' output
        let environment = ["PATH=\(variable("PATH") ?? "/usr/bin:/bin")", "LC_ALL=C.UTF-8"]
        var arguments: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", command].map { (text: String) in strdup(text)
        }
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
        arguments.append(nil)
        variables.append(nil)
        defer { for text in arguments + variables { free(text) } }
        var pid = pid_t()
        return posix_spawn(&pid, "/bin/sh", nil, nil, &arguments, &variables) == 0 ? pid : nil
    }

    /// The status of a child that has ended, as `waitpid` gives it.
    static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
