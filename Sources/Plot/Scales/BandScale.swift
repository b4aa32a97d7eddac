/// Maps the numbers of things from 0 on to bands of pixels beside each other.
public struct BandScale: Sendable, Equatable {
    public let count: Int
    public let start: Double
    /// The distance from one band to the next, pixels.
    public let step: Double
    /// The width of a band, pixels.
    public let width: Double

    /// - Parameter gap: the part of a step that lies between two bands.
    public init(_ count: Int, from start: Double, to end: Double, gap: Double = 0.15) {
        self.count = count
        self.start = start
        step = count == 0 ? 0 : (end - start) / Double(count)
        width = step * (1 - gap)
    }

    /// The first pixel of a band.
    public func callAsFunction(_ index: Int) -> Double { start + Double(index) * step + (step - width) / 2 }

    public func middle(_ index: Int) -> Double { start + (Double(index) + 0.5) * step }
}
