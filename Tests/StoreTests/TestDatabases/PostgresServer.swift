import Glibc
import Store
import Synchronization

/// A PostgreSQL server of the tests' own: started once, on a unix socket in the scratch folder, and stopped with the
/// process.
enum PostgresServer {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private static let process = Atomic<Int32>(0)

    private static let started = Result { try start() }

    /// The location of a database of the server.
    static func location(of database: String) throws -> String {
        try started.get()
        return "postgres://customs@/\(database)?host=\(ScratchFolder.path)/pg"
    }

    /// - Parameter template: the database that it is a copy of; an empty one by default.
    static func createDatabase(_ name: String, copying template: String?) throws {
        // copied as files, for to log every page takes longer
        try PostgresConnection(address: try location(of: "postgres"), for: .ledger).run(
            script: "CREATE DATABASE \(name) TEMPLATE \(template ?? "template1") STRATEGY file_copy")
    }

    static func stop() {
        let pid = process.load(ordering: .acquiring)
        guard pid > 0 else { return }
        // immediate shutdown: the data is not needed any more
        kill(pid, SIGQUIT)
        for _ in 0..<500 where process.load(ordering: .acquiring) > 0 { usleep(10_000) }
    }

    private static func start() throws {
        let folder = ScratchFolder.path
        let programs = try programsFolder()
        var become = "setpriv"
        var owner = ""
        if geteuid() == 0 {
            // PostgreSQL refuses to run as root
            let user = getpwnam("postgres") ?? getpwnam("nobody")
            guard let user else { throw Missing(description: "no user to run PostgreSQL as") }
            owner = "chown \(user.pointee.pw_uid) \(folder)/pg && "
            become += " --reuid=\(user.pointee.pw_uid) --regid=\(user.pointee.pw_gid) --clear-groups"
        }
        // sorted by a language's rules, as real databases are: answers must not depend on that
        let locale = "--locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US"
        let asOwner = geteuid() == 0 ? become : ""
        try Shell.run(
            """
            mkdir \(folder)/pg && \(owner)cd \(folder)/pg && \(asOwner) \(programs)/initdb -D data -U customs \
            -A trust -E UTF8 \(locale) --no-sync > \(folder)/initdb.log 2>&1 || { cat \(folder)/initdb.log; false; }
            """)
        // its data goes with it; a visit to each of some hundred databases takes time
        let settings = [
            "listen_addresses=", "unix_socket_directories=\(folder)/pg", "fsync=off", "full_page_writes=off",
            "autovacuum=off", "max_connections=50",
        ]
        let command = """
            cd \(folder)/pg && exec \(become) --pdeathsig INT \(programs)/postgres -D data \
            \(settings.map { "-c '\($0)'" }.joined(separator: " ")) > \(folder)/postgres.log 2>&1
            """
        onThread {
            // this thread lives as long as the server: the signal at the parent's death comes when the thread ends
            guard let pid = Shell.start(command) else { return }
            process.store(pid, ordering: .releasing)
            _ = Shell.wait(for: pid)
            process.store(-1, ordering: .releasing)
        }
        try waitUntilReady(folder)
    }

    private static func waitUntilReady(_ folder: String) throws {
        var last: StoreError?
        for _ in 0..<600 {
            do throws(StoreError) {
                _ = try PostgresConnection(
                    address: "host=\(folder)/pg user=customs dbname=postgres", for: .ledger)
                return
            } catch {
                last = error
            }
            if process.load(ordering: .acquiring) < 0 { break }
            usleep(50_000)
        }
        throw Missing(description: "PostgreSQL does not start: \(last.map { "\($0)" } ?? "it ended at once")")
    }

    /// Debian keeps the server's programs off PATH.
    private static func programsFolder() throws -> String {
        let folders =
            (13...30).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
            + (Shell.variable("PATH") ?? "").split(separator: ":").map { String($0) }
        for folder in folders where access("\(folder)/initdb", X_OK) == 0 && access("\(folder)/postgres", X_OK) == 0 {
            return folder
        }
        throw Missing(description: "no initdb: the tests need a PostgreSQL server (Debian: apt-get install postgresql)")
    }
}
