import Checksum
import Record

/// The names that a store has, so that they cost no sender's budget: 32 bits of a keyed hash of each.
///
/// Of 10,000 new names one is taken for a stored one, and is free, if there are 500,000. No sender can tell which.
public struct StoredNames: Sendable {
    /// Sorted, for each dimension.
    private var hashes = Dimension.allCases.map { _ in [UInt32]() }
    private let key: SipHash.Key

    /// - Parameter key: that of the store's fingerprints, which are the hashes of environments and stacks.
    public init(key: SipHash.Key = .random()) { self.key = key }

    /// Notes a name; `sort` must follow.
    public mutating func add(_ name: String, _ dimension: Dimension) {
        var name = name
        let bits = name.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
        hashes[dimension.rawValue].append(bits)
    }

    /// Notes an environment or a stack; `sort` must follow.
    ///
    /// - Parameter fingerprint: its first 32 bits.
    public mutating func add(fingerprint: UInt32, _ dimension: Dimension) {
        hashes[dimension.rawValue].append(fingerprint)
    }

    public mutating func sort() {
        for place in hashes.indices { hashes[place].sort() }
    }

    /// - Parameter text: a name, or the key of an environment or of a stack in the vocabulary.
    package func contains(_ text: UnsafeRawBufferPointer, _ dimension: Dimension) -> Bool {
        let sorted = hashes[dimension.rawValue]
        if sorted.isEmpty { return false }
        let wanted = hash(text)
        var (first, end) = (0, sorted.count)
        while first < end {
            let middle = (first + end) / 2
            if sorted[middle] < wanted { first = middle + 1 } else { end = middle }
        }
        return first < sorted.count && sorted[first] == wanted
    }

    private func hash(_ text: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: SipHash.wide(text, key).high >> 32)
    }
}
