/// The colours of pictures, for a light and a dark ground.
///
/// The series follow Okabe and Ito, made darker or lighter until each has a contrast of 3 to the ground (WCAG 2.2,
/// success criterion 1.4.11).
package struct Palette: Sendable {
    /// The number of series.
    package static let count = 8

    package let ground: String
    package let text: String
    /// Of labels at an axis.
    package let faint: String
    package let grid: String
    /// The first is of what is no series.
    package let series: [String]
    /// From independent to together.
    package let positive: [String]
    /// From independent to apart.
    package let negative: [String]
    /// Of values on the strongest colours of the two.
    package let onStrong: String

    package static let light = Palette(
        ground: "#ffffff", text: "#1b1f24", faint: "#57606a", grid: "#d0d7de",
        series: [
            "#6e7781", "#0072b2", "#d55e00", "#009e73", "#332288", "#b2182b", "#5a6068", "#7a4b00", "#aa4499",
        ], positive: ["#f2f4f6", "#d6e6f4", "#abcfe8", "#7ab6da", "#2371ae", "#0b4a8f"],
        negative: ["#f2f4f6", "#fbe0cf", "#f8bd97", "#ec8f5a", "#b4470b", "#8a2f04"], onStrong: "#ffffff")

    package static let dark = Palette(
        ground: "#16181c", text: "#e6edf3", faint: "#9aa7b4", grid: "#3a424c",
        series: [
            "#8b949e", "#56a8e8", "#f08a4b", "#33b892", "#b9a6f5", "#e5676c", "#a9b0b8", "#f0e442", "#f5c6e0",
        ], positive: ["#22272c", "#1c3347", "#1f4667", "#235a8a", "#5aa7e0", "#a5d3f7"],
        negative: ["#22272c", "#42281a", "#5f3519", "#7d431a", "#e8935a", "#f8c9a6"], onStrong: "#16181c")

    /// The step of a coefficient in a scale: 0 for what is nearly independent, 5 for the strongest.
    package static func step(of coefficient: Double) -> Int { bounds.count { abs(coefficient) >= $0 } }

    /// The least coefficients of the steps from 1 on. Packages of a centre are rarely far from independent, so the
    /// steps are short there.
    package static let bounds = [0.05, 0.1, 0.2, 0.4, 0.7]
    /// The first step whose values are in the colour `onStrong`.
    package static let strong = 4
}
