import CStream
import Glibc

/// Memory for bytes that were read of connections and are not in the journal yet. It outlives this process if the
/// service manager keeps its descriptor.
///
/// Connections take turns. The connection at its turn is read into one common room. The rest of it, the beginning of a
/// message, is then put into the connection's own place. If a kill cuts a turn short, the kernel tells how much was
/// read: it counts the bytes of each connection (`stream_position`).
///
///     0        u64  magic; u64 at 8: the number of places
///     64       the turn: u64 cookie of the connection, 0 for none; u64 position of the first byte; u64 bytes to skip
///     4,096    the room
///     77,824   places of 12,288 bytes: u64 cookie, 0 for a free one; u64 position of the first byte; u64 bytes to
///              skip; u64 count of bytes; at 64 the bytes
final class StreamMemory {
    let descriptor: Int32
    /// The room for the connection at its turn.
    let room: UnsafeMutableRawBufferPointer
    private let start: UnsafeMutableRawPointer
    private let byteCount: Int
    private let turn: StreamPlace
    /// Whether no previous process used it.
    let isNew: Bool
    private let count: Int
    /// The first place that was never used.
    private var fresh = 0
    private var free: [Int] = []
    private var places: [UInt64: Int] = [:]

    /// - Parameters:
    ///   - wanted: the largest number of connections.
    ///   - inherited: the memory of the previous process; it is used if its content is valid.
    ///   - kept: the connections that go on.
    init?(places wanted: Int, inherited: Int32?, kept: Set<UInt64>) {
        let known = inherited.flatMap(StreamMemory.placesIn)
        if let inherited, known == nil { close(inherited) }
        guard let descriptor = known == nil ? stream_memory_create("customsd streams") : inherited, descriptor >= 0
        else { return nil }
        isNew = known == nil
        count = max(wanted, known ?? 0)
        byteCount = StreamMemory.firstPlace + count * StreamMemory.placeBytes
        guard ftruncate(descriptor, off_t(byteCount)) == 0,
            let start = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        self.start = start
        room = UnsafeMutableRawBufferPointer(start: start + StreamMemory.firstByte, count: StreamMemory.roomBytes)
        turn = StreamPlace(start: start + 64)
        for number in (0..<(known ?? 0)).reversed() {
            // reading the mapped memory would allocate a place that was never used
            var cookie: UInt64 = 0
            pread(descriptor, &cookie, 8, off_t(StreamMemory.firstPlace + number * StreamMemory.placeBytes))
            if kept.contains(cookie) {
                places[cookie] = number
            } else {
                if cookie != 0 { place(number).publish(0) }
                free.append(number)
            }
        }
        fresh = known ?? 0
        start.storeBytes(of: UInt64(count), toByteOffset: 8, as: UInt64.self)
        start.storeBytes(of: StreamMemory.magic, as: UInt64.self)
    }

    deinit {
        munmap(start, byteCount)
        close(descriptor)
    }

    /// A place for a new connection; nil if there is none left.
    func makePlace(_ cookie: UInt64) -> StreamPlace? {
        guard let number = free.popLast() ?? (fresh < count ? fresh : nil) else { return nil }
        if number == fresh { fresh += 1 }
        let made = place(number)
        made.set(begin: 0, passedOver: .nothing, count: 0)
        made.publish(cookie)
        places[cookie] = number
        return made
    }

    /// The place that a previous process has made.
    func place(of cookie: UInt64) -> StreamPlace? { places[cookie].map(place) }

    func giveBack(_ cookie: UInt64) {
        guard let number = places.removeValue(forKey: cookie) else { return }
        if turn.cookie == cookie { turn.publish(0) }
        place(number).publish(0)
        free.append(number)
    }

    /// Puts the rest of a connection's bytes into the room, where more is read after it.
    ///
    /// - Returns: the number of these bytes.
    func beginTurn(_ cookie: UInt64, _ place: StreamPlace) -> Int {
        let count = place.count
        room.copyMemory(from: place.rest)
        turn.set(begin: place.begin, passedOver: place.passedOver, count: 0)
        turn.publish(cookie)
        return count
    }

    /// The content of the room if a process was killed at this connection's turn.
    ///
    /// - Parameter position: the number of bytes that have been read of it.
    func unfinishedTurn(_ cookie: UInt64, position: UInt64) -> (count: Int, passedOver: StreamFraming.PassedOver)? {
        guard turn.cookie == cookie, turn.begin <= position, position - turn.begin <= UInt64(room.count) else {
            return nil
        }
        return (Int(position - turn.begin), turn.passedOver)
    }

    /// Keeps the rest of the room's content.
    func endTurn(_ place: StreamPlace, rest: Range<Int>, position: UInt64, passedOver: StreamFraming.PassedOver) {
        place.keep(UnsafeRawBufferPointer(rebasing: room[rest]))
        place.set(begin: position - UInt64(rest.count), passedOver: passedOver, count: rest.count)
        turn.publish(0)
    }

    private func place(_ number: Int) -> StreamPlace {
        StreamPlace(start: start + StreamMemory.firstPlace + number * StreamMemory.placeBytes)
    }

    private static func placesIn(_ descriptor: Int32) -> Int? {
        var header: (magic: UInt64, places: UInt64) = (0, 0)
        var status = stat()
        guard pread(descriptor, &header, 16, 0) == 16, header.magic == magic, header.places < 1 << 24,
            fstat(descriptor, &status) == 0, Int(status.st_size) == firstPlace + Int(header.places) * placeBytes
        else { return nil }
        return Int(header.places)
    }

    /// "CUSTSTR1"
    private static let magic: UInt64 = 0x3152_5453_5453_5543
    private static let firstByte = 4_096
    /// Room for the beginning of the longest message, and for the bytes of one read.
    private static let roomBytes = 73_728
    private static let firstPlace = 77_824
    private static let placeBytes = StreamPlace.byteCount
}

/// The state of a connection's bytes, with the bytes themselves unless they are in the room.
struct StreamPlace {
    fileprivate static let byteCount = 12_288
    private static let headerBytes = 64
    fileprivate let start: UnsafeMutableRawPointer

    var cookie: UInt64 { start.load(as: UInt64.self) }
    /// The number of the connection's bytes before them.
    var begin: UInt64 { start.load(fromByteOffset: 8, as: UInt64.self) }
    var count: Int {
        Int(
            min(
                start.load(fromByteOffset: 24, as: UInt64.self), UInt64(StreamPlace.byteCount - StreamPlace.headerBytes)
            ))
    }
    var passedOver: StreamFraming.PassedOver {
        let word = start.load(fromByteOffset: 16, as: UInt64.self)
        switch word {
        case 0: return .nothing
        case .max: return .line
        default: return .bytes(Int(truncatingIfNeeded: word))
        }
    }
    /// The beginning of a message.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start + StreamPlace.headerBytes, count: count) }

    /// The framing leaves no more than fits: `StreamFraming.maximumMessageBytes` and a length.
    fileprivate func keep(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= StreamPlace.byteCount - StreamPlace.headerBytes)
        if let base = bytes.baseAddress {
            (start + StreamPlace.headerBytes).copyMemory(from: base, byteCount: bytes.count)
        }
    }

    fileprivate func publish(_ cookie: UInt64) {
        stream_publish(start.assumingMemoryBound(to: UInt64.self), cookie)
    }

    fileprivate func set(begin: UInt64, passedOver: StreamFraming.PassedOver, count: Int) {
        let word: UInt64 =
            switch passedOver {
            case .nothing: 0
            case .bytes(let left): UInt64(left)
            case .line: .max
            }
        start.storeBytes(of: begin, toByteOffset: 8, as: UInt64.self)
        start.storeBytes(of: word, toByteOffset: 16, as: UInt64.self)
        start.storeBytes(of: UInt64(count), toByteOffset: 24, as: UInt64.self)
    }
}
