import CCrypt
import Checksum
import Glibc
import Synchronization
import SystemClock
import Threads

/// Names and passwords in the form of Apache's htpasswd: a line `NAME:HASH` for each person, and hashes of crypt(3).
///
/// The file is read at each new pair of name and password. A pair that was right is remembered for a minute as a keyed
/// hash, because a good hash of a password takes long on purpose.
final class PasswordFile: Sendable {
    private struct State {
        /// The time of the last check, milliseconds of `steadyMilliseconds()`.
        var right: [[UInt8]: Int] = [:]
        /// The number of pairs that are being checked.
        var checks = 0
    }

    private let path: String
    private let key = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    private let state = Mutex(State())

    private static let memory = 60_000
    /// The largest number of pairs that are checked at a time; a check takes a processor for some time.
    private static let mostChecks = 8
    private static let delay = Duration.seconds(1)
    /// The hash that a password is compared with if no one has the name, so that the time tells no names.
    private static let nobody = "$6$customsnobody$" + String(repeating: ".", count: 86)

    init(path: String) { self.path = path }

    /// Whether the name has this password. A wrong one takes a second more.
    func matches(_ name: String, _ password: String) async -> Bool {
        let pair = SHA256.hash(key + Array("\(name.utf8.count):\(name)\(password)".utf8))
        let now = steadyMilliseconds()
        let isKnown = state.withLock { state in
            state.right = state.right.filter { now - $0.value < PasswordFile.memory }
            return state.right[pair] != nil
        }
        if isKnown { return true }
        if await check(name, password) {
            state.withLock { $0.right[pair] = now }
            return true
        }
        try? await Task.sleep(for: PasswordFile.delay)
        return false
    }

    /// Checks on a thread of its own: no other visitor waits for it.
    private func check(_ name: String, _ password: String) async -> Bool {
        let isFree = state.withLock { state in
            guard state.checks < PasswordFile.mostChecks else { return false }
            state.checks += 1
            return true
        }
        guard isFree else { return false }
        defer { state.withLock { $0.checks -= 1 } }
        return await withCheckedContinuation { continuation in
            startThread("password") { [path] in
                let (hash, other) = PasswordFile.hash(of: name, in: path)
                let result = customs_password_matches(password, hash ?? other ?? PasswordFile.nobody)
                continuation.resume(returning: hash != nil && result == 1)
            }
        }
    }

    /// The hash of a name, and that of the first name in the file; nil if there is none, or the file cannot be read.
    ///
    /// The second one takes the place of a hash that is missing: the time of an answer then tells no names.
    private static func hash(of name: String, in path: String) -> (own: String?, first: String?) {
        guard let file = fopen(path, "re") else { return (nil, nil) }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { free(line) }
        var first: String?
        var own: String?
        while getline(&line, &size, file) > 0 {
            guard let line else { break }
            let parts = String(cString: line).split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            // a third field, as in /etc/shadow, is none of the hash
            let hash = String(parts[1].prefix { $0 != ":" && $0 != "\n" && $0 != "\r" && $0 != "\r\n" })
            if first == nil { first = hash }
            if own == nil, parts[0].utf8.elementsEqual(name.utf8) { own = hash }
        }
        return (own, first)
    }
}
