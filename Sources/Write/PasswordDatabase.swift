import Glibc
import Merge

/// The users of this machine (`getpwuid_r(3)`). `nsswitch.conf` may name a directory in the network; a look-up waits
/// for it.
enum PasswordDatabase {
    @Sendable static func name(of uid: UInt32) -> UserName {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        let code = getpwuid_r(uid, &entry, &buffer, buffer.count, &found)
        // some databases use these errors for "not found", as the manual page lists them
        guard code == 0 || [ENOENT, ESRCH, EBADF, EPERM].contains(code) else { return .notNow }
        guard found != nil, let name = entry.pw_name else { return .unknown }
        return .known(String(cString: name))
    }
}
