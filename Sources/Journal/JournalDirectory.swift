import Checksum
import Glibc

/// The directory of a journal: its lock and its identity.
enum JournalDirectory {
    /// - Throws: `JournalError.locked`, `.io`.
    static func makeAndLock(_ directory: String) throws(JournalError) -> SegmentFile {
        try make(directory)
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .io(call: "open", path: path, code: errno) }
        let file = SegmentFile(descriptor: descriptor, path: path, start: JournalPosition(sequence: 0, tally: 0))
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { throw .locked(directory: directory) }
            throw .io(call: "lock", path: path, code: errno)
        }
        return file
    }

    /// The journal's 16 bytes of identity, made at random the first time and never changed. If the file is lost or
    /// damaged, the segments supply them: with a new identity, the store would take the journal for another one.
    ///
    /// - Returns: the identity, and a note of what was repaired.
    static func identity(in directory: String) throws(JournalError) -> (bytes: [UInt8], note: String?) {
        let path = directory + "/identity"
        let text = try contents(of: path)
        if let text, let identity = bytes(hexadecimal: text), try Recovery.survey(directory, identity: identity) != nil
        {
            return (identity, nil)
        }
        if let identity = try Recovery.survey(directory, identity: nil) {
            try write(identity.hexadecimal + "\n", to: path, in: directory)
            return (identity, "\(path): was \(text == nil ? "lost" : "damaged"); restored from the segments")
        }
        guard text == nil else {
            throw .foreign("\(path) does not hold 32 hexadecimal digits; is this a journal's directory?")
        }
        let identity = randomBytes()
        try write(identity.hexadecimal + "\n", to: path, in: directory)
        return (identity, nil)
    }

    /// Tells this journal from copies of it: the number by which the store knows it, and the number from now on. A
    /// start makes a new number. Both are in the file until the store is known to have the new one.
    ///
    /// - Returns: nil if there is no incarnation and the disk is too full to write one. The daemon must run on in that
    ///   case.
    static func incarnation(in directory: String) -> (own: String, known: [String]?)? {
        let path = directory + "/incarnation"
        let text = (try? contents(of: path, bytes: 66)) ?? nil
        let known = text.map { text in
            text.split(separator: 0x0A).filter { bytes(hexadecimal: Array($0)) != nil }
                .map { String(decoding: $0, as: UTF8.self) }
        }
        if let known, known.count == 2 { return (known[1], known) }
        let old = known.flatMap { $0.first }
        let own = randomBytes().hexadecimal
        do throws(JournalError) {
            try write((old.map { $0 + "\n" } ?? "") + own + "\n", to: path, in: directory)
        } catch {
            return old.map { ($0, [$0]) }
        }
        return (own, old.map { [$0] })
    }

    /// Records that only `own` is this journal's incarnation from now on.
    static func confirm(incarnation own: String, in directory: String) throws(JournalError) {
        try write(own + "\n", to: directory + "/incarnation", in: directory)
    }

    private static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The first bytes of a file; nil if there is no file.
    private static func contents(of path: String, bytes: Int = 32) throws(JournalError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .io(call: "open", path: path, code: errno)
        }
        let file = SegmentFile(descriptor: descriptor, path: path, start: JournalPosition(sequence: 0, tally: 0))
        var text = [UInt8](repeating: 0, count: bytes)
        var failure: JournalError?
        let count = text.withUnsafeMutableBytes { bytes in
            do throws(JournalError) { return try file.read(into: bytes, at: 0) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return Array(text[..<count])
    }

    /// Makes new and removed names in `directory` survive a power failure.
    static func sync(_ directory: String) throws(JournalError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(call: "open", path: directory, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .io(call: "fsync", path: directory, code: errno) }
    }

    /// The names in `directory`.
    static func names(in directory: String) throws(JournalError) -> [String] {
        guard let stream = opendir(directory) else { throw .io(call: "open", path: directory, code: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }
    }

    private static func bytes(hexadecimal text: [UInt8]) -> [UInt8]? {
        // the standard parser of numbers would accept a sign too
        guard text.count == 32, text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 }) else {
            return nil
        }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let byte = UInt8(String(decoding: text[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    private static func make(_ directory: String) throws(JournalError) {
        var path = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: true) {
            path += (path.isEmpty && !directory.hasPrefix("/") ? "" : "/") + part
            if mkdir(path, 0o750) != 0 && errno != EEXIST { throw .io(call: "mkdir", path: path, code: errno) }
        }
    }

    /// Writes a file whole or not at all, even if the process is killed or the power fails.
    private static func write(_ text: String, to path: String, in directory: String) throws(JournalError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .io(call: "create", path: temporary, code: errno) }
        let file = SegmentFile(
            descriptor: descriptor, path: temporary, start: JournalPosition(sequence: 0, tally: 0))
        if let failure = Array(text.utf8).withUnsafeBytes({ file.write($0, at: 0) }) {
            throw .io(call: "write", path: temporary, code: failure)
        }
        guard fsync(descriptor) == 0 else { throw .io(call: "fsync", path: temporary, code: errno) }
        guard rename(temporary, path) == 0 else { throw .io(call: "rename", path: path, code: errno) }
        try sync(directory)
    }
}
