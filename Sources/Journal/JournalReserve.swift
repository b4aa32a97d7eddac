import Glibc

/// Room on the disk that a file without content keeps from everybody else, for the last words of a process that ends while
/// the disk is full.
///
/// Once given up it comes back at the next opening. Somebody else may be quicker to take what was given up: nothing is
/// promised on a disk that others fill.
struct JournalReserve: Sendable {
    /// Four blocks of most file systems: more than the counts of all receivers take.
    static let bytes = 16_384

    private let path: String

    /// Makes it if it is missing; where there is no room for it there is none.
    init(directory: String) {
        path = directory + "/reserve"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // blocks, and not only a length
        if posix_fallocate(descriptor, 0, off_t(JournalReserve.bytes)) != 0 { unlink(path) }
    }

    func giveUp() { unlink(path) }
}
