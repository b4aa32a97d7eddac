import Glibc

/// An open segment; its file closes with its last owner.
final class SegmentFile: Sendable {
    let descriptor: Int32
    let path: String
    let start: JournalPosition

    init(descriptor: Int32, path: String, start: JournalPosition) {
        self.descriptor = descriptor
        self.path = path
        self.start = start
    }

    deinit { close(descriptor) }

    /// Reads into `target` from `offset` on. Returns the number of bytes read, which is smaller only at the end of the
    /// file.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(JournalError) -> Int {
        var done = 0
        while done < target.count {
            let count = pread(
                descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw .io(call: "read", path: path, code: errno)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all of `bytes` at `offset`. Returns nil, or the error number.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int32? {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            done += count
        }
        return nil
    }

    /// The size of the file, bytes.
    func size() throws(JournalError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .io(call: "stat", path: path, code: errno) }
        return Int(status.st_size)
    }

    func sync() throws(JournalError) {
        guard fdatasync(descriptor) == 0 else { throw .io(call: "fdatasync", path: path, code: errno) }
    }

    /// The time of the last write to a segment's file, seconds since 1970; a distant one if there is no such file.
    static func lastWrite(to start: JournalPosition, in directory: String) -> Int {
        var status = stat()
        guard stat("\(directory)/\(name(of: start.sequence))", &status) == 0 else { return .max }
        return status.st_mtim.tv_sec
    }

    static func name(of sequence: UInt64) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".journal"
    }

    /// The first sequence number in a file's name; nil if it is not a segment's name.
    static func sequence(of name: String) -> UInt64? {
        guard name.hasSuffix(".journal") else { return nil }
        let digits = name.dropLast(8)
        guard digits.utf8.count == 16, digits.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else { return nil }
        return UInt64(digits, radix: 16)
    }
}

/// The system's text for an error number.
func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
