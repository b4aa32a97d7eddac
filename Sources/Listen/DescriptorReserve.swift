import Glibc

/// File descriptors that connections leave free for the journal's next segment, the store and programs. libdispatch
/// needs them too: it ends the process when it cannot open /proc/TID/stat.
///
/// A new descriptor gets the lowest free number (`open(2)`). So a number from the reserve means that all others are in
/// use.
public enum DescriptorReserve {
    /// 32 for connections over HTTP, the rest for files.
    private static let count: Int32 = 96

    /// The process's limit on open files.
    public static var limit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    /// Raises the limit towards `count`, up to the hard limit.
    public static func raiseLimit(to count: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < count else {
            return
        }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(count))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The part of a limit that is not in reserve.
    public static func available(of limit: Int) -> Int { limit - min(Int(count), limit / 2) }
}
