import Glibc

/// Disk space that a file without content holds. A process that ends while the disk is full writes its last entries
/// there.
///
/// Once used, the space is taken again at the next opening. Another process may fill the disk first, so the reserve is
/// no promise on a disk that others fill.
struct JournalReserve: Sendable {
    /// Four blocks of most file systems: more than the counts of all receivers take.
    static let bytes = 16_384

    private let path: String

    /// Makes the file if it is missing; without room on the disk there is no reserve.
    init(directory: String) {
        path = directory + "/reserve"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // allocates blocks, not only a length
        if posix_fallocate(descriptor, 0, off_t(JournalReserve.bytes)) != 0 { unlink(path) }
    }

    func giveUp() { unlink(path) }
}
