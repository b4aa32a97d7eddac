import Glibc

/// The users of this machine (`getpwnam_r(3)`). `nsswitch.conf` may name a directory in the network; a look-up waits
/// for it.
enum PasswordDatabase {
    /// - Returns: nil for a name that is unknown or cannot be looked up now.
    @Sendable static func uid(of name: String) -> UInt32? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        let code = getpwnam_r(name, &entry, &buffer, buffer.count, &found)
        return code == 0 && found != nil ? entry.pw_uid : nil
    }
}
