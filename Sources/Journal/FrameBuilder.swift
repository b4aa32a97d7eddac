import Checksum

/// Gathers the entries of one frame in a buffer that is used again for the next frame.
public final class FrameBuilder {
    /// The number of entries gathered.
    public private(set) var count = 0

    private var bytes: [UInt8]

    public init() {
        bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        bytes.reserveCapacity(1 << 20)
    }

    /// The size of the frame so far, bytes.
    public var byteCount: Int { bytes.count }

    public func reset() {
        bytes.removeLast(bytes.count - FrameHeader.byteCount)
        count = 0
    }

    /// Adds one entry, which `write` appends to the buffer that it is given.
    public func append(_ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        withUnsafeBytes(of: UInt32(0)) { bytes.append(contentsOf: $0) }
        write(&bytes)
        let length = UInt32(bytes.count - start - 4)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.littleEndian, toByteOffset: start, as: UInt32.self) }
        count += 1
    }

    /// Hashes the payload. The caller does this before it locks the journal.
    func seal(seed: UInt64) -> (payloadBytes: Int, payloadHash: UInt64) {
        let payloadBytes = bytes.count - FrameHeader.byteCount
        let hash = bytes.withUnsafeBytes {
            XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[FrameHeader.byteCount...]), seed: seed)
        }
        return (payloadBytes, hash)
    }

    /// Calls `body` with the whole frame, padded, its header in place. Afterwards the buffer is as before.
    func withFrame<Result>(
        _ header: FrameHeader, seed: UInt64, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let unpadded = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: header.frameBytes - unpadded))
        bytes.withUnsafeMutableBytes { header.write(to: $0, seed: seed) }
        defer { bytes.removeLast(bytes.count - unpadded) }
        return bytes.withUnsafeBytes(body)
    }
}
