import Glibc

/// Standard output; a failed write is an error.
enum StandardOutput {
    /// - Throws: `Failure` with 74.
    static func write(line: String) throws { try write(line + "\n") }

    /// - Throws: `Failure` with 74.
    static func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// - Throws: `Failure` with 74.
    static func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(1, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno != EINTR { throw failure() }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Closes it, because some file systems report a full disk only then.
    ///
    /// - Throws: `Failure` with 74.
    static func close() throws {
        if Glibc.close(1) != 0 && errno != EBADF && errno != EINTR { throw failure() }
    }

    private static func failure() -> Failure {
        let why = errno
        if why == EPIPE {
            // the reader has closed the pipe: end as other programs do, even if the parent ignores the signal
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        return Failure(.ioError, "cannot write the answer: \(String(cString: strerror(why)))")
    }
}
