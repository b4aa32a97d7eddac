/// The settings of `customsd`, all values checked.
public struct Settings: Sendable, Equatable {
    /// Addresses to receive on: `udp://HOST:PORT`, `tcp://HOST:PORT`, `tls://HOST:PORT`, `unixgram:///PATH`.
    public var listen: [String]
    /// True while `listen` is the default, which sockets from the service manager replace.
    public var listenIsDefault = true
    public var store: String
    /// The directory of the journal.
    public var stateDirectory: String
    /// `HOST:PORT` for metrics and health over HTTP; nil for none.
    public var http: String?
    public var journal = JournalSettings()
    public var receive = ReceiveSettings()
    public var streams = StreamSettings()
    public var tls = TLSSettings()
    public var merge = MergeSettings()
    public var log = LogSettings()
    /// Patterns of interpreters' prefixes by the kind of environment. Kinds without an entry keep their built-in
    /// patterns.
    public var environments: [String: [String]] = [:]
    public var anonymize = AnonymizeSettings()
    public var slurm = SlurmSettings()
    public var canary = CanarySettings()
    public var questions = QuestionSettings()
    public var web = WebSettings()
    public var origins = SettingOrigins()

    /// The defaults below a state directory.
    public init(stateDirectory: String) {
        listen = ["udp://127.0.0.1:5140"]
        self.stateDirectory = stateDirectory
        store = "sqlite://\(stateDirectory)/customs.sqlite"
    }
}

public struct AnonymizeSettings: Sendable, Equatable {
    /// Directories with a home directory for each person, by whose name it is called; `*` stands for one directory.
    public var homes = ["/home"]
}

/// The kinds of environments that patterns can recognise.
public enum EnvironmentSettings {
    public static let kinds = ["spack", "conda", "venv", "module", "system"]
}

public struct JournalSettings: Sendable, Equatable {
    /// The journal's limit on disk, bytes.
    public var maximumBytes = 8 << 30
    public var segmentBytes = 64 << 20
    /// The time for which stored messages stay at most, days.
    public var retentionDays = 7
    /// The time for which a received message may stay unsynced to disk.
    public var syncIntervalMilliseconds = 100
}

public struct ReceiveSettings: Sendable, Equatable {
    /// The size of the kernel's buffer that is requested for each socket, bytes.
    public var bufferBytes = 64 << 20
    /// Threads for each UDP address, each with a socket of its own.
    public var threads = 1
    /// The greatest age of a record that is not imported, days; nil for no limit.
    public var maximumAgeDays: Int?
}

public struct StreamSettings: Sendable, Equatable {
    /// The largest number of connections without a certificate, over TCP and TLS together.
    public var maximumConnections = 1_024
    /// The largest number of connections with a certificate.
    public var maximumCertifiedConnections = 1_024
    /// Of each kind, from one IPv4 address or one /64 of IPv6.
    public var maximumConnectionsPerAddress = 64
    /// The time for which a connection may be silent. Relays keep theirs for days, and lose a message when it is
    /// closed.
    public var idleTimeoutSeconds = 86_400
    /// The same for connections without a certificate, if it is shorter.
    public var uncertifiedIdleTimeoutSeconds = 900
    /// The time in which a connection without a certificate must have sent its first message.
    public var firstMessageTimeoutSeconds = 60
    /// The time that a message may take from its first byte to its last.
    public var messageTimeoutSeconds = 60
    public var handshakeTimeoutSeconds = 10
}

public struct TLSSettings: Sendable, Equatable {
    /// Whether clients are asked for certificates. The raw value is the word of the configuration.
    public enum ClientCertificates: String, CaseIterable, Sendable {
        case none, optional, required
    }

    /// PEM files.
    public var certificate: String?
    public var key: String?
    public var clientAuthorities: String?
    /// Nil for `required` if `clientAuthorities` is given, else `none`.
    public var clientCertificates: ClientCertificates?
    /// A PEM file with lists of revoked certificates of clients.
    public var revocations: String?
    /// Names in certificates of clients that may connect; empty for all.
    public var permitted: [String] = []

    public init() {}
}

public struct MergeSettings: Sendable, Equatable {
    /// The number of messages after which a batch is written.
    public var batchRecords: Int
    /// The time for which a batch that is not full waits for more.
    public var batchDelayMilliseconds: Int
    /// The largest number of nodes of a job that is believed.
    public var maximumNodes = 1_000_000
    /// The new names that one sender may bring in an hour; 0 for any number.
    public var newNamesPerHour = 10_000

    public init(batchRecords: Int = 10_000, batchDelayMilliseconds: Int = 200) {
        self.batchRecords = batchRecords
        self.batchDelayMilliseconds = batchDelayMilliseconds
    }
}

/// What one question of `customs` may take.
public struct QuestionSettings: Sendable, Equatable {
    /// Memory of the process, MiB.
    public var memoryMebibytes = 4_096
    public var seconds = 600
    /// A file that says to which project, PI, field and department an account belongs; nil for none.
    public var accounts: String?

    static let memoryRange = 1...1 << 20
    static let secondsRange = 1...86_400

    public init() {}
}

public struct LogSettings: Sendable, Equatable {
    /// swift-log's levels.
    public enum Level: String, CaseIterable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }

    public var level = Level.info
    /// The number of rejected messages that are logged one by one, a minute.
    public var rejectsPerMinute = 10
}

extension Settings {
    /// The changed keys that a running daemon cannot apply.
    public func changesAtStart(from other: Settings) -> [String] {
        [
            ("listen", listen != other.listen), ("store", store != other.store),
            ("state_dir", stateDirectory != other.stateDirectory), ("http", http != other.http),
            ("journal.max_bytes", journal.maximumBytes != other.journal.maximumBytes),
            ("journal.retention_days", journal.retentionDays != other.journal.retentionDays),
            ("journal.segment_bytes", journal.segmentBytes != other.journal.segmentBytes),
            ("receive.buffer_bytes", receive.bufferBytes != other.receive.bufferBytes),
            ("receive.threads", receive.threads != other.receive.threads),
            ("receive.max_age_days", receive.maximumAgeDays != other.receive.maximumAgeDays),
            ("merge.max_nodes", merge.maximumNodes != other.merge.maximumNodes),
            ("log.level", log.level != other.log.level), ("slurm", slurm != other.slurm),
            ("canary", canary != other.canary),
        ].filter { $0.1 }.map { $0.0 }
    }
}
