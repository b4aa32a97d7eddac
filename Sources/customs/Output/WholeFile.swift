import Glibc
import JSON

/// A file that a reader sees as it was before, or whole. Devices and pipes are written to as they are.
struct WholeFile {
    /// The name that the user gave.
    private let name: String
    /// Where links lead to.
    private let path: String
    /// The permissions of the file that is replaced; nil for a new file, or for what is no file.
    private let mode: mode_t?
    private let isReplaced: Bool

    /// - Throws: `Failure` with 74 if it is a directory, or cannot be written; before anything is asked.
    init(_ name: String) throws {
        self.name = name
        let resolved = realpath(name, nil)
        defer { free(resolved) }
        path = resolved.map { String(cString: $0) } ?? name
        var status = stat()
        guard stat(path, &status) == 0 else {
            (mode, isReplaced) = (nil, true)
            guard access(WholeFile.folder(of: path), W_OK) == 0 else { throw WholeFile.failure(name) }
            return
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw Failure(
                .ioError, "cannot write to '\(printable(name))': it is a directory; name a file in it")
        }
        isReplaced = status.st_mode & S_IFMT == S_IFREG
        mode = isReplaced ? status.st_mode & 0o7777 : nil
        let target = isReplaced ? WholeFile.folder(of: path) : path
        guard access(target, W_OK) == 0 else { throw WholeFile.failure(name) }
    }

    /// - Throws: `Failure` with 74; the file is then as it was.
    func write(_ text: String) throws {
        let written = isReplaced ? path + ".\(getpid()).part" : path
        let flags = isReplaced ? O_CREAT | O_EXCL : O_TRUNC
        let file = open(written, O_WRONLY | O_CLOEXEC | flags, 0o666)
        guard file >= 0 else { throw WholeFile.failure(name) }
        do {
            try WholeFile.write(text, to: file, name)
            if isReplaced {
                if let mode, fchmod(file, mode) != 0 { throw WholeFile.failure(name) }
                guard fsync(file) == 0 else { throw WholeFile.failure(name) }
            }
        } catch {
            close(file)
            if isReplaced { unlink(written) }
            throw error
        }
        guard close(file) == 0, !isReplaced || rename(written, path) == 0 else {
            let failure = WholeFile.failure(name)
            if isReplaced { unlink(written) }
            throw failure
        }
    }

    private static func write(_ text: String, to file: Int32, _ name: String) throws {
        var text = text
        try text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno != EINTR { throw failure(name) }
                rest = rest.dropFirst(max(0, count))
            }
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return path[..<slash].isEmpty ? "/" : String(path[..<slash])
    }

    private static func failure(_ name: String) -> Failure {
        Failure(.ioError, "cannot write '\(printable(name))': \(String(cString: strerror(errno)))")
    }
}
