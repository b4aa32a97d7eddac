import ArgumentParser
import Glibc
import Query
import Settings
import Store
import Synchronization

/// The option that names the store of the answers.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: ArgumentHelp("The store: sqlite:///PATH or postgres://…; passwords by .pgpass.", valueName: "url"))
    var storeURL: String?

    @Option(help: ArgumentHelp("Configuration file of customsd, which names the store.", valueName: "file"))
    var config: String?

    /// A connection for queries; a spinner turns until the answer is shown.
    func reader() throws -> any SQLConnection {
        let location = try location()
        if let path = location.file { try refuseUnreadable(path) }
        try limits().watch(location) { why in
            Spinner.stop()
            printError("customs: \(why)")
            _exit(SystemExit.limit.rawValue)
        }
        StoreOptions.asked.withLock { $0 = location }
        Spinner.start()
        return try location.reader()
    }

    /// Tells on standard error which jobs have more than the answer counts.
    static func tellCutJobs() {
        let cut = QuestionProgress.cutJobs.sorted()
        guard !cut.isEmpty, let location = asked.withLock({ $0 }) else { return }
        for job in cut {
            let name = QuestionLimits.name(of: job, location) ?? "of row \(job)"
            printError("customs: job \(name) has more different sets of packages than count; the answer lacks some")
        }
    }

    private static let asked = Mutex<StoreLocation?>(nil)

    /// - Throws: `SettingsError`.
    func settings() throws -> Settings {
        do throws(SettingsError) { return try SettingsSources.load(path: config) } catch {
            // with --store, a configuration for another user is no obstacle
            guard storeURL != nil, config == nil else { throw error }
            return Settings(stateDirectory: "")
        }
    }

    private func limits() throws -> QuestionLimits {
        let settings = try settings()
        return QuestionLimits(
            bytes: settings.questions.memoryMebibytes << 20, seconds: settings.questions.seconds)
    }

    func location() throws -> StoreLocation {
        if let storeURL { return try StoreLocation(storeURL) }
        do {
            return try StoreLocation(try SettingsSources.load(path: config).store)
        } catch let error as StoreError {
            throw Failure(.configuration, error.description)
        }
    }

    private func refuseUnreadable(_ path: String) throws {
        if access(path, R_OK) == 0 { return }
        let why = errno
        if why == ENOENT || why == ENOTDIR {
            throw Failure(
                .unavailable,
                "there is no store \(path) yet: customsd creates it at its start; "
                    + "if the store is elsewhere, use --store or CUSTOMS_STORE")
        }
        throw Failure(
            .unavailable,
            "the store \(path) may not be read by this user: \(String(cString: strerror(why))); "
                + "run this as its owner, or as a member of a group that may read the file and its directory")
    }
}
