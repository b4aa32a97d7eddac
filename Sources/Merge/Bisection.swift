/// Finds the entries that a store refuses in a stretch of entries that it has refused as a whole.
///
/// It yields pieces of the stretch, in order. A refused piece is halved until the bad entry is alone; an accepted piece
/// lets the next one double. It has no side effects: the caller feeds and writes the pieces, and reports the results.
public struct Bisection: Sendable {
    /// The first entry that is not dealt with.
    public private(set) var start: UInt64
    private let end: UInt64
    private var size: UInt64

    public init(_ stretch: Range<UInt64>) {
        start = stretch.lowerBound
        end = stretch.upperBound
        size = max(1, UInt64(stretch.count) / 2)
    }

    /// The next piece to try; nil once all entries are settled.
    public var piece: Range<UInt64>? {
        start < end ? start..<(start + min(size, end - start)) : nil
    }

    /// Notes that the store has taken the entries before this one, which may lie after the piece: a journal can be
    /// damaged.
    public mutating func take(before reached: UInt64) {
        start = reached
        size = min(size &* 2, start < end ? end - start : 1)
    }

    /// Notes that the store has refused the entries before this one.
    ///
    /// - Returns: whether it is a single entry, which is to be put aside; else smaller pieces follow.
    public mutating func refuse(before reached: UInt64) -> Bool {
        let refused = reached - start
        size = max(1, refused / 2)
        return refused <= 1
    }

    /// Notes that the single refused entry has been put aside.
    public mutating func setAside(before reached: UInt64) { start = reached }
}
