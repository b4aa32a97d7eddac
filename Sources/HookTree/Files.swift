import CFileSystem
import Glibc

/// Questions to the file system, and changes to it.
public enum Files {
    /// The names in a directory, sorted; nil if it cannot be read.
    public static func entries(of directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A file's bytes.
    public static func contents(of path: String) throws(HookTreeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw .last("read", path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Makes a new file of exactly this mode, whatever the umask is.
    public static func make(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(HookTreeError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw .last("write", path) }
            written += count
        }
        guard fchmod(descriptor, mode) == 0 else { throw .last("fchmod", path) }
    }

    /// Sets a file's time to 1 January 2020, the time of all files of a tree.
    ///
    /// Some programs load a module again, or restart, when the time of a file has changed (IPython's autoreload,
    /// Flask's reloader). With a fixed time they do not notice that a tree is replaced.
    static func fixTime(_ path: String) throws(HookTreeError) {
        let times = [timespec](repeating: timespec(tv_sec: 1_577_836_800, tv_nsec: 0), count: 2)
        guard utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last("utimensat", path) }
    }

    /// Makes a directory and its missing parents, of mode 0755; an existing one keeps its mode.
    public static func makeDirectories(_ path: String) throws(HookTreeError) {
        if status(path)?.isDirectory == true { return }
        if path != "/" { try makeDirectories(Path.parent(path)) }
        guard mkdir(path, 0o755) == 0 else { throw .last("mkdir", path) }
        guard chmod(path, 0o755) == 0 else { throw .last("chmod", path) }
    }

    /// Makes a directory with a unique name, which only its owner can enter.
    ///
    /// - Parameter stem: path and beginning of the name.
    public static func makeOwnDirectory(_ stem: String) throws(HookTreeError) -> String {
        var template = Array((stem + "XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw .last("mkdtemp", stem) }
        return text(template)
    }

    /// Returns once all writes to a directory's file system are on disk.
    public static func sync(_ directory: String) throws(HookTreeError) {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", directory) }
        defer { close(descriptor) }
        guard filesystem_sync(descriptor) == 0 else { throw .last("syncfs", directory) }
    }

    /// Removes a directory with its content; symbolic links are not followed.
    public static func removeTree(_ path: String) throws(HookTreeError) {
        for name in entries(of: path) ?? [] {
            let inner = path + "/" + name
            if status(inner, follow: false)?.isDirectory == true {
                try removeTree(inner)
            } else if unlink(inner) != 0 {
                throw .last("unlink", inner)
            }
        }
        guard rmdir(path) == 0 else { throw .last("rmdir", path) }
    }

    /// Whether root alone can put files into a directory, or another one in its place; true if nothing can be there.
    public static func isRootsAlone(_ directory: String) -> Bool {
        guard var path = Path.resolved(directory) else {
            let parent = Path.parent(directory)
            return parent == directory || isRootsAlone(parent)
        }
        var isAbove = false
        while let status = status(path), status.st_uid == 0 {
            let isOthers = status.st_mode & 0o002 != 0 || status.st_mode & 0o020 != 0 && status.st_gid != 0
            // in a sticky directory others cannot replace what is root's
            if isOthers, !isAbove || status.st_mode & 0o1000 == 0 { return false }
            if path == "/" { return true }
            (path, isAbove) = (Path.parent(path), true)
        }
        return false
    }

    /// The kernel's data on a path; nil if nothing is there.
    static func status(_ path: String, follow: Bool = true) -> stat? {
        var found = stat()
        return (follow ? stat(path, &found) : lstat(path, &found)) == 0 ? found : nil
    }
}

extension stat {
    /// The same text for all names of a file, hard links among them.
    var identity: String { "\(st_dev):\(st_ino)" }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isFile: Bool { st_mode & S_IFMT == S_IFREG }
}
