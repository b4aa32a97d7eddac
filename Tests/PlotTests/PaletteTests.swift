import Glibc
import Plot
import Testing

/// WCAG 2.2: 3 between marks and their ground (1.4.11), 4.5 between text and what it lies on (1.4.3).
@Suite struct PaletteTests {
    @Test("marks and texts stand out from what they lie on", arguments: [true, false]) func contrasts(isLight: Bool) {
        let palette = isLight ? Palette.light : .dark
        for colour in palette.series { #expect(contrast(colour, palette.ground) >= 3, "\(colour)") }
        for colour in [palette.text, palette.faint] { #expect(contrast(colour, palette.ground) >= 4.5, "\(colour)") }
        for scale in [palette.positive, palette.negative] {
            for (step, colour) in scale.enumerated() {
                let text = step >= Palette.strong ? palette.onStrong : palette.text
                #expect(contrast(text, colour) >= 4.5, "\(colour)")
            }
        }
    }

    @Test("a stronger coefficient has a stronger colour") func steps() {
        #expect([0, 0.04, 0.05, -0.15, 0.3, 0.5, -1].map { Palette.step(of: $0) } == [0, 0, 1, 2, 3, 4, 5])
        for palette in [Palette.light, .dark] {
            for scale in [palette.positive, palette.negative] {
                let contrasts = scale.map { contrast($0, palette.ground) }
                #expect(contrasts == contrasts.sorted())
            }
        }
    }

    private func contrast(_ one: String, _ other: String) -> Double {
        let (light, dark) = (max(luminance(one), luminance(other)), min(luminance(one), luminance(other)))
        return (light + 0.05) / (dark + 0.05)
    }

    private func luminance(_ colour: String) -> Double {
        let parts = stride(from: 1, to: 7, by: 2).map { place -> Double in
            let start = colour.index(colour.startIndex, offsetBy: place)
            let value = Double(UInt8(colour[start..<colour.index(start, offsetBy: 2)], radix: 16) ?? 0) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
}
