import Glibc
import Store

/// The search for a name in files.
struct FileTraces {
    private let search: NameSearch
    private let length: Int

    private static let chunk = 1 << 20

    init(of name: String) {
        search = NameSearch(name)
        length = name.utf8.count
    }

    /// Looks through all files in a directory and those below it. Links are not followed.
    ///
    /// - Throws: `Failure` with 69 if one cannot be read.
    func find(below directory: String) throws -> [NameTrace] {
        guard let folder = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw unreadable(directory)
        }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        closedir(folder)
        var traces: [NameTrace] = []
        for path in names.sorted().map({ "\(directory)/\($0)" }) {
            var status = stat()
            // a file may go while this looks
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: traces += try find(below: path)
            case S_IFREG: traces += try find(in: path)
            default: continue
            }
        }
        return traces
    }

    /// The trace of the name in a file; none if there is no such file.
    ///
    /// - Throws: `Failure` with 69 if it cannot be read.
    func find(in path: String) throws -> [NameTrace] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw unreadable(path)
        }
        defer { close(descriptor) }
        var window: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: FileTraces.chunk)
        var count: Int64 = 0
        while true {
            let taken = read(descriptor, &chunk, chunk.count)
            if taken < 0, errno == EINTR { continue }
            guard taken >= 0 else { throw unreadable(path) }
            guard taken > 0 else { break }
            window += chunk[..<taken]
            // pieces in which the name is found, because an overlap may be searched twice
            if search.isFound(in: window) { count += 1 }
            window = Array(window.suffix(length + 1))
        }
        return count == 0 ? [] : [NameTrace(place: path, count: count)]
    }

    private func unreadable(_ path: String) -> Failure {
        Failure(.unavailable, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
