/// The look of a mark: a colour that tells things apart, with a hatch, a dash and a shape that tell the same without
/// it.
public enum Tone: Sendable, Equatable, Hashable {
    /// The colour of one of several things, from 1 on; after the eighth they begin again.
    case series(Int)
    /// The same without a hatch, for marks that are all of one kind.
    case plain(Int)
    /// What is no thing of its own: others, the unknown.
    case rest

    /// The tones of things beside each other.
    public static func distinct(_ count: Int) -> [Tone] { (0..<count).map { .series($0 + 1) } }

    private var place: Int {
        switch self {
        case .series(let number), .plain(let number): (max(number, 1) - 1) % Palette.count + 1
        case .rest: 0
        }
    }

    /// The class of an area.
    var fill: String { "s\(place)" }
    /// The class of a line.
    var line: String { "l\(place)" }
    var marker: Marker { Marker.allCases[place % Marker.allCases.count] }

    var hatch: Hatch? {
        switch self {
        case .series: Hatch.allCases[(place - 1) % Hatch.allCases.count].orNone
        case .plain, .rest: nil
        }
    }
}

/// Lines over an area.
enum Hatch: String, CaseIterable, Comparable {
    case none, rising, falling, dots, level, crossed, upright, grid

    fileprivate var orNone: Hatch? { self == .none ? nil : self }

    /// The element that an area refers to as its fill.
    func pattern(_ id: String) -> String {
        "<pattern id=\"\(id)-\(rawValue)\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
            + "<path class=\"hatch\" d=\"\(shape)\"/></pattern>"
    }

    /// In a square of six pixels.
    private var shape: String {
        switch self {
        case .none: ""
        case .rising: "M-1 1l2-2M0 6l6-6M5 7l2-2"
        case .falling: "M-1 5l2 2M0 0l6 6M5-1l2 2"
        case .dots: "M2 3h2"
        case .level: "M0 3h6"
        case .crossed: "M0 6l6-6M0 0l6 6"
        case .upright: "M3 0v6"
        case .grid: "M0 3h6M3 0v6"
        }
    }

    static func < (left: Hatch, right: Hatch) -> Bool { left.rawValue < right.rawValue }
}

/// The shape of a point on a line.
enum Marker: CaseIterable {
    case diamond, circle, square, triangle, cross, rhombus, wedge, plus

    /// The commands of SVG that draw it around a point.
    func shape(_ x: Double, _ y: Double) -> String { "M\(number(x)) \(number(y))" + around }

    private var around: String {
        switch self {
        case .circle: "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0"
        case .square: "m-3-3h6v6h-6z"
        case .triangle: "m0-4l4 7h-8z"
        case .diamond: "m0-4l4 4-4 4-4-4z"
        case .wedge: "m0 4l4-7h-8z"
        case .cross: "m-3-3l6 6m0-6l-6 6"
        case .plus: "m-4 0h8m-4-4v8"
        case .rhombus: "m-5 0l5-2.5 5 2.5-5 2.5z"
        }
    }
}
