import ArgumentParser
import Glibc
import Settings
import Store

/// Where the answers come from.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: ArgumentHelp("The store: sqlite:///PATH or postgres://…; passwords by .pgpass.", valueName: "url"))
    var storeURL: String?

    @Option(help: ArgumentHelp("customsd's configuration file, to find the store.", valueName: "file"))
    var config: String?

    /// A connection to ask by; a spinner turns until the answer is shown.
    func reader() throws -> any SQLConnection {
        let location = try location()
        if let path = location.file { try refuseUnreadable(path) }
        Spinner.start()
        return try location.reader()
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
                "there is no store \(path) yet: customsd makes it when it starts; if it is elsewhere, say --store URL or set CUSTOMS_STORE"
            )
        }
        throw Failure(
            .unavailable,
            "the store \(path) may not be read by this user: \(String(cString: strerror(why))); its owner, or a group that may read the file and its directory, can ask"
        )
    }
}
