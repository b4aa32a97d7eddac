import Glibc

/// Combines the configuration: defaults, then the file, then the environment. The caller puts its flags on top.
public enum SettingsSources {
    /// - Parameters:
    ///   - path: the file that `--config` names. Nil for `CUSTOMS_CONFIG`, else `/etc/customs/customsd.toml` for the
    ///     system service if the file exists.
    ///   - environment: a variable's value by its name.
    /// - Throws: `SettingsError`.
    public static func load(
        path: String?, environment: (String) -> String? = SettingsSources.processEnvironment
    ) throws(SettingsError) -> Settings {
        var settings = Settings(stateDirectory: defaultStateDirectory(environment))
        if let path = path ?? environment("CUSTOMS_CONFIG") {
            guard let text = contents(of: path) else {
                throw SettingsError("\(path): cannot read it: \(String(cString: strerror(errno)))")
            }
            try SettingsFile.apply(text, named: path, to: &settings)
        } else if isSystemService(environment), let text = contents(of: systemFile) {
            try SettingsFile.apply(text, named: systemFile, to: &settings)
        }
        if let directory = environment("CUSTOMS_STATE_DIR") { settings.move(stateDirectory: directory) }
        if let listen = environment("CUSTOMS_LISTEN") {
            settings.listen = listen.split { $0 == "," || $0 == " " }.map { String($0) }
            settings.listenIsDefault = false
            settings.origins["listen"] = "CUSTOMS_LISTEN"
            if settings.listen.isEmpty { throw SettingsError("CUSTOMS_LISTEN: must name at least one address") }
        }
        if let store = environment("CUSTOMS_STORE") {
            settings.store = store
            settings.origins["store"] = "CUSTOMS_STORE"
        }
        if let http = environment("CUSTOMS_HTTP") {
            settings.http = http
            settings.origins["http"] = "CUSTOMS_HTTP"
        }
        if let accounts = environment("CUSTOMS_ACCOUNTS") {
            settings.questions.accounts = accounts
            settings.origins["questions.accounts"] = "CUSTOMS_ACCOUNTS"
        }
        try apply("CUSTOMS_QUESTION_MEMORY_MB", QuestionSettings.memoryRange, environment) {
            settings.questions.memoryMebibytes = $0
        }
        try apply("CUSTOMS_QUESTION_SECONDS", QuestionSettings.secondsRange, environment) {
            settings.questions.seconds = $0
        }
        return settings
    }

    private static func apply(
        _ name: String, _ range: ClosedRange<Int>, _ environment: (String) -> String?, _ take: (Int) -> Void
    ) throws(SettingsError) {
        guard let text = environment(name) else { return }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError("\(name): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        take(number)
    }

    public static let systemFile = "/etc/customs/customsd.toml"

    /// A variable of this process's environment; nil if it is unset or empty.
    public static func processEnvironment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether systemd runs this as a service: it sets the first variable for any unit, the second for
    /// `StateDirectory=`.
    private static func isSystemService(_ environment: (String) -> String?) -> Bool {
        environment("INVOCATION_ID") != nil && environment("HOME") == nil || environment("STATE_DIRECTORY") != nil
            || getuid() == 0 && access(systemFile, R_OK) == 0
    }

    private static func defaultStateDirectory(_ environment: (String) -> String?) -> String {
        if let directory = environment("STATE_DIRECTORY") { return String(directory.prefix { $0 != ":" }) }
        if let base = environment("XDG_STATE_HOME"), base.hasPrefix("/") { return base + "/customs" }
        if let home = environment("HOME") { return home + "/.local/state/customs" }
        return "/var/lib/customs"
    }

    private static func contents(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        // a directory can be opened but not read
        if ferror(file) != 0 { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Settings {
    /// Moves the state directory, and the store with it unless it was set.
    public mutating func move(stateDirectory directory: String) {
        let storeIsDefault = store == Settings(stateDirectory: stateDirectory).store
        stateDirectory = directory
        if storeIsDefault { store = Settings(stateDirectory: directory).store }
    }
}
