/// A hash under a random key for long texts that strangers choose, some four times as fast as SipHash.
///
/// It is the universal hash NH of UMAC (Black, Halevi, Krawczyk, Krovetz and Rogaway, *UMAC: fast and secure message
/// authentication*, 1999) with words of 64 bits, computed twice with keys that lie two words apart, and hashed by
/// SipHash-1-3. Two texts that were chosen without the key have one hash with a probability of 2^-126 or less, by the
/// paper's theorems on NH, and SipHash shows nothing of the key.
///
/// A hash has a meaning only in the process that made it.
public struct UniversalHash: Sendable {
    /// Zeros follow a text up to a multiple of this number of bytes.
    public static let blockBytes = 16

    /// A word for each word of the longest text, and two more.
    private let key: [UInt64]
    private let finalKey: SipHash.Key

    /// - Parameter maximumBytes: the length of the longest text.
    public init(maximumBytes: Int) {
        let blocks = (maximumBytes + UniversalHash.blockBytes - 1) / UniversalHash.blockBytes
        var generator = SystemRandomNumberGenerator()
        self.init(key: (0..<(blocks + 1) * 2).map { _ in generator.next() }, finalKey: .random())
    }

    package init(key: [UInt64], finalKey: SipHash.Key) {
        self.key = key
        self.finalKey = finalKey
    }

    /// - Parameters:
    ///   - bytes: a buffer with at least `count` bytes, rounded up to whole blocks.
    ///   - count: the length of the text, at most the key's `maximumBytes`. Zeros follow it up to the block's end.
    public func hash(_ bytes: UnsafeRawBufferPointer, count: Int) -> SipHash.Wide {
        let words = (count + UniversalHash.blockBytes - 1) / UniversalHash.blockBytes * 2
        precondition(words * 8 <= bytes.count && words + 2 <= key.count, "a text is longer than its key")
        let sums = key.withUnsafeBufferPointer { key in
            var first = Sum()
            var second = Sum()
            var index = 0
            while index < words {
                let low = bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
                let high = bytes.loadUnaligned(fromByteOffset: index &* 8 &+ 8, as: UInt64.self)
                first.add(low &+ key[index], high &+ key[index &+ 1])
                second.add(low &+ key[index &+ 2], high &+ key[index &+ 3])
                index &+= 2
            }
            return (first, second, UInt64(count))
        }
        return withUnsafeBytes(of: sums) { SipHash.quickWide($0, finalKey) }
    }

    /// A sum of products, modulo 2^128.
    private struct Sum {
        private var low: UInt64 = 0
        private var high: UInt64 = 0

        @inline(__always)
        mutating func add(_ left: UInt64, _ right: UInt64) {
            let product = left.multipliedFullWidth(by: right)
            let (sum, carries) = low.addingReportingOverflow(product.low)
            low = sum
            high = high &+ product.high &+ (carries ? 1 : 0)
        }
    }
}
