import Record
import TOMLKit

/// Reads the TOML configuration file.
public enum SettingsFile {
    /// Puts the values of `text` over `settings`.
    ///
    /// - Parameter name: the file's name for errors.
    /// - Throws: `SettingsError` for text that is not TOML, an unknown key, a value of the wrong type or out of range.
    public static func apply(_ text: String, named name: String, to settings: inout Settings) throws(SettingsError) {
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let place = error.source.begin
            throw SettingsError("\(name):\(place.line):\(place.column): \(error.description)")
        } catch {
            throw SettingsError("\(name): \(error)")
        }
        let root = SettingsSection(table: table, name: "", file: name, text: text)
        try root.refuseUnknown([
            "listen", "store", "state_dir", "http", "journal", "receive", "streams", "tls", "merge", "log",
            "environments", "anonymize", "slurm", "canary", "questions", "web",
        ])
        if let directory = try root.string("state_dir") { settings.move(stateDirectory: directory) }
        if let listen = try root.strings("listen") {
            settings.listen = listen
            settings.listenIsDefault = false
        }
        settings.store = try root.string("store") ?? settings.store
        settings.http = try root.string("http") ?? settings.http
        for key in ["listen", "store", "http"] where root.table[key] != nil { settings.origins[key] = root.origin(key) }

        let journal = try root.section(
            "journal", ["max_bytes", "segment_bytes", "sync_interval_ms", "retention_days"])
        try journal?.integer("max_bytes", 1 << 20...1 << 50) { settings.journal.maximumBytes = $0 }
        try journal?.integer("segment_bytes", 1 << 16...1 << 30) { settings.journal.segmentBytes = $0 }
        try journal?.integer("retention_days", 1...3_650) { settings.journal.retentionDays = $0 }
        try journal?.integer("sync_interval_ms", 1...60_000) { settings.journal.syncIntervalMilliseconds = $0 }

        let receive = try root.section("receive", ["buffer_bytes", "threads", "max_age_days"])
        try receive?.integer("buffer_bytes", 4_096...1 << 30) { settings.receive.bufferBytes = $0 }
        try receive?.integer("threads", 1...64) { settings.receive.threads = $0 }
        try receive?.integer("max_age_days", 0...36_500) { settings.receive.maximumAgeDays = $0 == 0 ? nil : $0 }

        let streams = try root.section(
            "streams",
            [
                "max_connections", "max_certified_connections", "max_connections_per_address", "idle_timeout_s",
                "uncertified_idle_timeout_s", "first_message_timeout_s", "message_timeout_s", "handshake_timeout_s",
            ])
        try streams?.integer("max_connections", 1...1 << 20) { settings.streams.maximumConnections = $0 }
        try streams?.integer("max_certified_connections", 1...1 << 20) {
            settings.streams.maximumCertifiedConnections = $0
        }
        try streams?.integer("max_connections_per_address", 1...1 << 20) {
            settings.streams.maximumConnectionsPerAddress = $0
        }
        try streams?.integer("idle_timeout_s", 1...31_536_000) { settings.streams.idleTimeoutSeconds = $0 }
        try streams?.integer("uncertified_idle_timeout_s", 1...31_536_000) {
            settings.streams.uncertifiedIdleTimeoutSeconds = $0
        }
        try streams?.integer("first_message_timeout_s", 1...86_400) {
            settings.streams.firstMessageTimeoutSeconds = $0
        }
        try streams?.integer("message_timeout_s", 1...86_400) { settings.streams.messageTimeoutSeconds = $0 }
        try streams?.integer("handshake_timeout_s", 1...3_600) { settings.streams.handshakeTimeoutSeconds = $0 }

        let tls = try root.section(
            "tls", ["certificate", "key", "client_ca", "client_certificates", "crl", "permitted"])
        settings.tls.certificate = try tls?.string("certificate") ?? settings.tls.certificate
        settings.tls.key = try tls?.string("key") ?? settings.tls.key
        settings.tls.clientAuthorities = try tls?.string("client_ca") ?? settings.tls.clientAuthorities
        settings.tls.clientCertificates = try tls?.choice("client_certificates") ?? settings.tls.clientCertificates
        settings.tls.revocations = try tls?.string("crl") ?? settings.tls.revocations
        settings.tls.permitted = try tls?.strings("permitted", mayBeEmpty: true) ?? settings.tls.permitted

        let merge = try root.section(
            "merge", ["batch_records", "batch_delay_ms", "max_nodes", "new_names_per_hour"])
        try merge?.integer("batch_records", 1...1_000_000) { settings.merge.batchRecords = $0 }
        try merge?.integer("batch_delay_ms", 0...60_000) { settings.merge.batchDelayMilliseconds = $0 }
        try merge?.integer("max_nodes", 1...1_000_000) { settings.merge.maximumNodes = $0 }

        try merge?.integer("new_names_per_hour", 0...1_000_000_000) { settings.merge.newNamesPerHour = $0 }

        let questions = try root.section("questions", ["memory_mb", "seconds", "accounts"])
        try questions?.integer("memory_mb", QuestionSettings.memoryRange) { settings.questions.memoryMebibytes = $0 }
        try questions?.integer("seconds", QuestionSettings.secondsRange) { settings.questions.seconds = $0 }
        if let questions, let accounts = try questions.string("accounts") {
            settings.questions.accounts = accounts
            settings.origins["questions.accounts"] = questions.origin("accounts")
        }

        try settings.web.apply(root)

        let anonymize = try root.section("anonymize", ["homes"])
        settings.anonymize.homes = try anonymize?.strings("homes") ?? settings.anonymize.homes

        let environments = try root.section("environments", EnvironmentSettings.kinds)
        for kind in EnvironmentSettings.kinds {
            if let patterns = try environments?.strings(kind) { settings.environments[kind] = patterns }
        }

        let log = try root.section("log", ["level", "rejects_per_minute"])
        try log?.integer("rejects_per_minute", 0...100_000) { settings.log.rejectsPerMinute = $0 }
        settings.log.level = try log?.choice("level") ?? settings.log.level
        try apply(slurm: root, to: &settings.slurm)
        try apply(canary: root, to: &settings.canary, slurm: settings.slurm)
    }

    private static func apply(slurm root: SettingsSection, to slurm: inout SlurmSettings) throws(SettingsError) {
        guard
            let section = try root.section(
                "slurm",
                [
                    "source", "cluster", "interval_s", "batch_jobs", "timeout_s", "squeue", "sacct", "url", "version",
                    "user", "token_file",
                ])
        else { return }
        slurm.source = try section.choice("source") ?? slurm.source
        slurm.cluster = try section.string("cluster") ?? slurm.cluster
        try section.integer("interval_s", 1...3_600) { slurm.intervalSeconds = $0 }
        try section.integer("batch_jobs", 1...5_000) { slurm.batchJobs = $0 }
        try section.integer("timeout_s", 1...3_600) { slurm.timeoutSeconds = $0 }
        slurm.squeue = try section.string("squeue") ?? slurm.squeue
        slurm.sacct = try section.string("sacct") ?? slurm.sacct
        if let url = try section.string("url") {
            guard ["http://", "https://", "unix:///"].contains(where: { url.hasPrefix($0) }) else {
                throw section.complaint("url", "must be http://HOST:PORT, https://HOST:PORT or unix:///PATH")
            }
            slurm.url = url.last == "/" ? String(url.dropLast()) : url
        }
        if let version = try section.string("version") {
            let parts = version.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
            guard version.first == "v", parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) })
            else { throw section.complaint("version", "must be like v0.0.38") }
            slurm.version = version
        }
        slurm.user = try section.string("user") ?? slurm.user
        slurm.tokenFile = try section.string("token_file") ?? slurm.tokenFile
        if slurm.source == .slurmrestd && slurm.url == nil {
            throw section.complaint("source", "\"slurmrestd\" needs url, slurmrestd's address")
        }
    }

    private static func apply(
        canary root: SettingsSection, to canary: inout CanarySettings, slurm: SlurmSettings
    ) throws(SettingsError) {
        guard
            let section = try root.section(
                "canary",
                [
                    "mode", "per_day", "processes", "killed", "wait_s", "python", "hook", "packages", "servers",
                    "partitions", "nodes", "sbatch", "options", "account",
                ])
        else { return }
        canary.mode = try section.choice("mode") ?? canary.mode
        try section.integer("per_day", 1...86_400) { canary.perDay = $0 }
        try section.integer("processes", 1...10_000) { canary.processes = $0 }
        try section.integer("killed", 0...10_000) { canary.killed = $0 }
        try section.integer("wait_s", 1...86_400) { canary.waitSeconds = $0 }
        canary.python = try section.string("python") ?? canary.python
        canary.hook = try section.string("hook") ?? canary.hook
        canary.packages = try section.strings("packages") ?? canary.packages
        if let odd = canary.packages.first(where: { !isImportName($0) }) {
            throw section.complaint("packages", "'\(odd)' is no name that can be imported")
        }
        canary.servers = try section.strings("servers") ?? canary.servers
        canary.partitions = try section.strings("partitions") ?? canary.partitions
        canary.nodes = try section.strings("nodes") ?? canary.nodes
        canary.sbatch = try section.string("sbatch") ?? canary.sbatch
        canary.options = try section.strings("options") ?? canary.options
        canary.account = try section.string("account") ?? canary.account
        if canary.mode == .slurmrestd && slurm.url == nil {
            throw section.complaint("mode", "\"slurmrestd\" needs url in [slurm], slurmrestd's address")
        }
        if canary.mode == .local && canary.hook == nil {
            throw section.complaint("mode", "\"local\" needs hook, the hook's directory")
        }
    }

    /// Checks a package's name, because it becomes part of a program.
    private static func isImportName(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            part.utf8.first.map { !(48...57).contains($0) } == true
                && part.utf8.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
                }
        }
    }
}
