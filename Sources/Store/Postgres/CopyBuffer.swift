/// Rows in the format of COPY BINARY (PostgreSQL manual, COPY, "Binary Format").
struct CopyBuffer {
    /// How much is gathered before it is handed to libpq, bytes.
    static let chunk = 256 * 1024

    var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(CopyBuffer.chunk * 2) }

    /// A buffer without storage, to stand in while another owner fills the real one.
    init(empty: Void) {}

    mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00])
        append(Int32(0))
        append(Int32(0))
    }

    mutating func row(columns: Int16) { append(columns) }

    mutating func null() { append(Int32(-1)) }

    mutating func field(_ value: Int64) {
        append(Int32(8))
        append(value)
    }

    mutating func field(small value: Int64) {
        append(Int32(4))
        append(Int32(clamping: value))
    }

    mutating func field(high: UInt64, low: UInt64) {
        append(Int32(16))
        append(high)
        append(low)
    }

    mutating func field(_ value: UnsafeRawBufferPointer) {
        append(Int32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func end() { append(Int16(-1)) }

    private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
