import Glibc

/// The content of a journal's directory at its opening, put in order.
struct Recovery {
    private(set) var segments: [(start: JournalPosition, bytes: Int)] = []
    /// The segment to append to; nil if there is none.
    private(set) var last: SegmentFile?
    private(set) var head = JournalPosition(sequence: 0, tally: 0)
    /// The offset of the last frame in `last`.
    private(set) var lastFrame = SegmentHeader.byteCount
    private(set) var notes: [String] = []
    /// The position after the last frame of the segments that were set aside.
    private var headSetAside = JournalPosition(sequence: 0, tally: 0)

    init(directory: String, identity: [UInt8], seed: UInt64) throws(JournalError) {
        let names = try Recovery.segmentNames(in: directory)
        for (index, name) in names.enumerated() {
            let path = "\(directory)/\(name)"
            let isLast = index == names.count - 1
            let descriptor = open(path, (isLast ? O_RDWR : O_RDONLY) | O_CLOEXEC)
            guard descriptor >= 0 else { throw .io(call: "open", path: path, code: errno) }
            let probe = SegmentFile(descriptor: descriptor, path: path, start: head)
            guard let header = try Recovery.header(of: probe), header.identity == identity,
                header.start.sequence == SegmentFile.sequence(of: name)
            else {
                try setAside(probe, seed: seed, isLast: isLast)
                continue
            }
            let duplicated = dup(descriptor)
            guard duplicated >= 0 else { throw .io(call: "dup", path: path, code: errno) }
            let file = SegmentFile(descriptor: duplicated, path: path, start: header.start)
            // a killed process may have left its last appends unsynced, and `sync` must cover them too
            try file.sync()
            segments.append((header.start, try file.size()))
            if isLast { try readThrough(file, seed: seed) }
        }
        if last == nil, let newest = segments.last {
            // the newest segment was set aside, so the one before it ends the journal
            head = newest.start
            let path = "\(directory)/\(SegmentFile.name(of: newest.start.sequence))"
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { throw .io(call: "open", path: path, code: errno) }
            try readThrough(SegmentFile(descriptor: descriptor, path: path, start: newest.start), seed: seed)
        }
        if headSetAside.sequence > head.sequence {
            // a segment that was set aside keeps its entry numbers and its tally; a new segment begins after it
            head = headSetAside
            last = nil
            lastFrame = SegmentHeader.byteCount
        }
    }

    /// Reads the headers of all segments before anything is changed.
    ///
    /// - Returns: the identity of the journal that they belong to, if all readable headers agree; nil if none can be
    ///   read.
    /// - Throws: `JournalError.foreign` if a segment is of a newer version, which would look like damage. Also if
    ///   segments belong to different journals and none of them is `identity`.
    static func survey(_ directory: String, identity: [UInt8]?) throws(JournalError) -> [UInt8]? {
        var found: [(identity: [UInt8], path: String)] = []
        for name in try segmentNames(in: directory) {
            let path = "\(directory)/\(name)"
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .io(call: "open", path: path, code: errno) }
            let file = SegmentFile(descriptor: descriptor, path: path, start: JournalPosition(sequence: 0, tally: 0))
            let bytes = try headerBytes(of: file)
            let version = bytes.withUnsafeBytes { SegmentHeader.version(of: $0) }
            if let version, version != SegmentHeader.version {
                throw .foreign(
                    "\(path) has version \(version) of the journal's format, and this program knows version "
                        + "\(SegmentHeader.version); nothing was changed: drain it with the program that wrote it")
            }
            if let header = bytes.withUnsafeBytes({ SegmentHeader($0) }) { found.append((header.identity, path)) }
        }
        if let identity {
            if found.isEmpty || found.contains(where: { $0.identity == identity }) { return identity }
            throw .foreign("\(directory)/identity and \(found[0].path) are of different journals; nothing was changed")
        }
        if let other = found.first(where: { $0.identity != found[0].identity }) {
            throw .foreign(
                "\(directory)/identity is lost, and \(found[0].path) and \(other.path) belong to different journals")
        }
        return found.first?.identity
    }

    private static func segmentNames(in directory: String) throws(JournalError) -> [String] {
        try JournalDirectory.names(in: directory).filter { SegmentFile.sequence(of: $0) != nil }.sorted()
    }

    private mutating func readThrough(_ file: SegmentFile, seed: UInt64) throws(JournalError) {
        let size = try file.size()
        var scanner = FrameScanner(seed: seed)
        head = file.start
        lastFrame = SegmentHeader.byteCount
        while case .frame(let header, _) = try scanner.next(in: file, limit: size) {
            head = header.end
            lastFrame = scanner.offset - header.frameBytes
        }
        if scanner.soundEnd < size {
            guard ftruncate(file.descriptor, off_t(scanner.soundEnd)) == 0 else {
                throw .io(call: "truncate", path: file.path, code: errno)
            }
            notes.append("\(file.path): cut \(size - scanner.soundEnd) bytes after the last whole frame")
        }
        segments[segments.count - 1].bytes = scanner.soundEnd
        last = file
    }

    /// Sets a damaged segment aside. A last segment without a whole header holds nothing: it comes from a crash at its
    /// creation.
    private mutating func setAside(_ file: SegmentFile, seed: UInt64, isLast: Bool) throws(JournalError) {
        let path = file.path
        let size = try file.size()
        var scanner = FrameScanner(seed: seed)
        while case .frame(let header, _) = try scanner.next(in: file, limit: size) {
            if header.end.sequence > headSetAside.sequence { headSetAside = header.end }
        }
        if isLast && size <= SegmentHeader.byteCount {
            guard unlink(path) == 0 else { throw .io(call: "unlink", path: path, code: errno) }
            notes.append("\(path): removed an empty segment")
        } else {
            guard rename(path, path + ".damaged") == 0 else { throw .io(call: "rename", path: path, code: errno) }
            notes.append(
                "\(path): its header is damaged or foreign; renamed to .damaged, messages in it are counted as lost")
        }
    }

    private static func header(of file: SegmentFile) throws(JournalError) -> SegmentHeader? {
        try headerBytes(of: file).withUnsafeBytes { SegmentHeader($0) }
    }

    /// The bytes of the header, fewer if the file is shorter.
    private static func headerBytes(of file: SegmentFile) throws(JournalError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SegmentHeader.byteCount)
        var failure: JournalError?
        let count = bytes.withUnsafeMutableBytes { target in
            do throws(JournalError) { return try file.read(into: target, at: 0) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return Array(bytes[..<count])
    }
}
