/// Rows in the format of COPY BINARY (PostgreSQL manual, COPY, "Binary Format"), in memory that is reused.
final class CopyBuffer {
    /// The size at which rows are passed to libpq, bytes.
    static let chunk = 256 * 1024

    private var memory: UnsafeMutableRawBufferPointer
    private var count = 0

    init() { memory = .allocate(byteCount: CopyBuffer.chunk * 2, alignment: 8) }

    deinit { memory.deallocate() }

    /// The bytes since `begin` or `forget`; valid until the next call.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func begin() {
        forget()
        let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
        signature.withUnsafeBytes { append($0) }
        append(Int32(0))
        append(Int32(0))
    }

    func forget() { count = 0 }

    func row(columns: Int) { append(Int16(truncatingIfNeeded: columns)) }

    func null() { append(Int32(-1)) }

    func field(_ value: Int64) {
        append(Int32(8))
        append(value)
    }

    func field(small value: Int64) {
        // a value that does not fit is written with the wrong width, which PostgreSQL refuses
        guard let narrow = Int32(exactly: value) else { return field(value) }
        append(4 << 32 | Int64(UInt32(bitPattern: narrow)))
    }

    func field(tiny value: Int64) {
        guard let narrow = Int16(exactly: value) else { return field(value) }
        append(Int32(2))
        append(narrow)
    }

    func field(high: UInt64, low: UInt64) {
        append(Int32(16))
        append(high)
        append(low)
    }

    func field(_ value: UnsafeRawBufferPointer) {
        append(Int32(value.count))
        append(value)
    }

    func end() { append(Int16(-1)) }

    @inline(__always)
    private func append<Value: FixedWidthInteger>(_ value: Value) {
        let size = MemoryLayout<Value>.size
        if count + size > memory.count { grow(by: size) }
        memory.storeBytes(of: value.bigEndian, toByteOffset: count, as: Value.self)
        count += size
    }

    private func append(_ value: UnsafeRawBufferPointer) {
        if count + value.count > memory.count { grow(by: value.count) }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: value)
        count += value.count
    }

    private func grow(by size: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, count + size), alignment: 8)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }
}
