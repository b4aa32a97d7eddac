import Plot
import Testing

@Suite struct TextTests {
    @Test(
        "numbers beside marks",
        arguments: [
            (0.0, "0"), (1, "1"), (9_750, "9,750"), (983_649, "983,649"), (999_999.6, "1 M"), (1_660_000, "1.66 M"),
            (1e9, "1 G"), (12_345_678, "12.3 M"), (0.123, "0.12"), (-0.5, "−0.5"), (0.001, "<0.01"), (1_234.5, "1,235"),
            (3.7e18, "3.7e18"), (.nan, "-"), (98.76, "98.8"), (-0.0, "0"),
        ]) func values(value: Double, label: String)
    { #expect(NumberLabel.value(value) == label) }

    @Test(
        "numbers at axes",
        arguments: [
            (0.0, "0"), (1_000, "1,000"), (10_000, "10 k"), (100_000, "100 k"), (1_500_000, "1.5 M"), (0.25, "0.25"),
            (0.015, "0.015"), (0.002, "2e-3"), (1e-9, "1e-9"), (.leastNonzeroMagnitude, "0"),
        ]) func ticks(value: Double, label: String)
    { #expect(NumberLabel.tick(value) == label) }

    @Test("wide letters, pictures and accents have their widths") func widths() {
        #expect(TextWidth.of("WWWW", size: 10) > 39)
        #expect(TextWidth.of("iiii", size: 10) < 12)
        #expect(TextWidth.of("数据", size: 10) >= 20)
        #expect(TextWidth.of("e\u{301}", size: 10) == TextWidth.of("e", size: 10))
    }

    @Test("a text is cut with an ellipsis where its room ends", arguments: UglyData.names.indices)
    func cut(index: Int) {
        let name = UglyData.names[index]
        for room in [0.0, 5, 12, 30, 100] {
            let fitted = FittedText(name, size: 12, room: room)
            #expect(TextWidth.of(fitted.text, size: 12) <= room + 0.01 || fitted.text.isEmpty)
            #expect(!fitted.isCut || fitted.text.isEmpty || fitted.text.hasSuffix("…"))
            #expect(fitted.text.unicodeScalars.count < 2_000)
        }
        #expect(FittedText("abc", size: 12, room: 100).text == "abc")
    }

    @Test("labels that are too close are pushed apart, and stay within bounds") func spread() {
        #expect(LabelSpread.apart([50, 10, 90], gap: 14, within: 0...100) == [50, 10, 90])
        #expect(LabelSpread.apart([50, 50, 50], gap: 14, within: 0...100) == [50, 64, 78])
        #expect(LabelSpread.apart([99, 100, 98], gap: 14, within: 0...100) == [86, 100, 72])
        #expect(LabelSpread.apart([], gap: 14, within: 0...100) == [])
        let many = LabelSpread.apart((0..<7).map { _ in 100 }, gap: 14, within: 0...100).sorted()
        #expect(zip(many, many.dropFirst()).allSatisfy { $1 - $0 >= 14 })
    }
}
