import Glibc
import Testing

/// A file system of 1 MB in memory, unmounted with its owner. To mount one takes the rights of root.
final class SmallFileSystem {
    static let canBeMounted = (try? SmallFileSystem()) != nil

    let directory = TemporaryDirectory()

    struct NotMounted: Error {}

    init() throws {
        guard mount("tmpfs", directory.path, "tmpfs", 0, "size=1m") == 0 else { throw NotMounted() }
    }

    deinit { umount2(directory.path, Int32(MNT_DETACH)) }

    var freeBytes: Int {
        var status = statvfs()
        return statvfs(directory.path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : -1
    }
}
