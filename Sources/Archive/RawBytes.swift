import Glibc

/// A file descriptor that closes with its last owner.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }
}

/// The bytes of a file or a stream, unchanged, from front to back. A file may have several readers at a time.
final class RawBytes {
    /// The number of bytes read so far.
    private(set) var offset = 0

    private let descriptor: Descriptor
    private let extent: Extent

    enum Extent {
        /// A regular file, from an offset on, and up to another one if its length is known. So bytes that are appended
        /// during the reading are not read.
        case file(start: Int, end: Int?)
        case stream
    }

    init(_ descriptor: Descriptor, _ extent: Extent) {
        self.descriptor = descriptor
        self.extent = extent
    }

    /// - Returns: the number of bytes read, 0 at the end.
    /// - Throws: `SystemError`.
    func read(into target: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count: Int
            switch extent {
            case .stream: count = Glibc.read(descriptor.number, target.baseAddress, target.count)
            case .file(let start, let end):
                let most = end.map { min(target.count, max(0, $0 - start - offset)) } ?? target.count
                count = most == 0 ? 0 : pread(descriptor.number, target.baseAddress, most, off_t(start + offset))
            }
            if count >= 0 {
                offset += count
                return count
            }
            if errno != EINTR { throw SystemError() }
        }
    }
}

/// The reason of a failed system call.
struct SystemError: Error, CustomStringConvertible {
    let description: String

    /// From `errno`.
    init() { description = String(cString: strerror(errno)) }
}
