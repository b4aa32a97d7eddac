import Glibc

/// What befalls files.
extension TemporaryDirectory {
    /// A directory with the same files.
    convenience init(copying other: TemporaryDirectory) {
        self.init()
        for name in other.names { write(other.read(name), to: name) }
    }

    func size(of name: String) -> Int {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 ? Int(status.st_size) : -1
    }

    /// What all segments take, bytes.
    var segmentBytes: Int { segments.reduce(0) { $0 + size(of: $1) } }

    func cut(_ name: String, to size: Int) { truncate("\(path)/\(name)", off_t(size)) }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    func rename(_ name: String, to other: String) { Glibc.rename("\(path)/\(name)", "\(path)/\(other)") }

    /// Writes over some bytes of a file, in place: whoever has it open sees them.
    func overwrite(_ name: String, at offset: Int, with bytes: some Collection<UInt8>) {
        let descriptor = open("\(path)/\(name)", O_WRONLY)
        defer { close(descriptor) }
        pwrite(descriptor, Array(bytes), bytes.count, off_t(offset))
    }

    /// Turns those bits of one byte that `mask` has.
    func flip(_ name: String, at offset: Int, mask: UInt8) {
        overwrite(name, at: offset, with: [read(name)[offset] ^ mask])
    }
}
