/// Slurm's text forms of sizes of memory.
package enum SlurmMemory {
    private static let units: [UInt8: Int64] = [
        UInt8(ascii: "K"): 1 << 10, UInt8(ascii: "M"): 1 << 20, UInt8(ascii: "G"): 1 << 30, UInt8(ascii: "T"): 1 << 40,
        UInt8(ascii: "P"): 1 << 50,
    ]

    /// A size as `32540K`, `1.50G`, or bytes without a unit.
    ///
    /// - Returns: bytes; nil for anything else, and for 0: a step that was never sampled has 0, and so has a job that
    ///   asked for all memory of its nodes.
    package static func bytes(_ text: some StringProtocol) -> Int64? {
        var digits = Array(text.utf8)
        var unit: Int64 = 1
        if let last = digits.last, let known = units[last] {
            unit = known
            digits.removeLast()
        }
        let isNumber = digits.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        guard isNumber, digits.count <= 20, let number = Double(String(decoding: digits, as: UTF8.self)) else {
            return nil
        }
        return bytes(number * Double(unit))
    }

    package static func bytes(mebibytes: Int64?) -> Int64? { mebibytes.flatMap { bytes(Double($0) * 1_048_576) } }

    private static func bytes(_ number: Double) -> Int64? {
        // the largest size, so that sums of some components cannot overflow
        number >= 1 && number < 0x1p60 ? Int64(number.rounded()) : nil
    }

    /// The memory that a whole job asked for. Before Slurm 21.08 `c` after it means that each CPU has so much, and `n`
    /// each node (`sacct(1)`, ReqMem).
    package static func requested(_ text: some StringProtocol, cpus: Int64?, nodes: Int64?) -> Int64? {
        guard text.hasSuffix("c") || text.hasSuffix("n") else { return bytes(text) }
        guard let each = bytes(text.dropLast()), let count = text.hasSuffix("c") ? cpus : nodes else { return nil }
        return bytes(Double(each) * Double(count))
    }
}
