import Glibc

/// The groups of people as the system knows them, from its files or a directory service (`nsswitch.conf(5)`).
enum SystemGroups {
    private static let mostGroups = 4_096

    /// The names of a person's groups; empty if the system does not know the person.
    static func names(of person: String) -> Set<String> {
        var buffer = [CChar](repeating: 0, count: 65_536)
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard getpwnam_r(person, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return [] }
        var numbers = [gid_t](repeating: 0, count: mostGroups)
        var count = Int32(mostGroups)
        guard getgrouplist(person, entry.pw_gid, &numbers, &count) >= 0 else { return [] }
        return Set(numbers.prefix(Int(count)).compactMap(name))
    }

    private static func name(_ number: gid_t) -> String? {
        var buffer = [CChar](repeating: 0, count: 1 << 20)
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        guard getgrgid_r(number, &entry, &buffer, buffer.count, &found) == 0, found != nil, let text = entry.gr_name
        else { return nil }
        return String(cString: text)
    }
}
