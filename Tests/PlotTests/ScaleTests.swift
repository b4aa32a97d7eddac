import Plot
import Testing

@Suite struct ScaleTests {
    @Test(
        "ticks are multiples of 1, 2 or 5",
        arguments: [
            (0.0, 9_750.0, [0, 5_000, 10_000]), (0, 1, [0, 0.5, 1]), (0, 7, [0, 2, 4, 6, 8]),
            (-1, 1, [-1, -0.5, 0, 0.5, 1]),
            (0, 0.3, [0, 0.1, 0.2, 0.3]), (0, 100, [0, 50, 100]),
        ] as [(Double, Double, [Double])]) func ticks(from least: Double, to most: Double, expected: [Double])
    {
        #expect(Ticks.round(from: least, to: most) == expected)
    }

    @Test("what is counted has whole ticks") func wholeTicks() {
        #expect(Ticks.round(from: 0, to: 1, isWhole: true) == [0, 1])
        #expect(Ticks.round(from: 0, to: 3, isWhole: true) == [0, 1, 2, 3])
    }

    @Test("a linear scale has zero, and ends at ticks") func linear() {
        let scale = LinearScale([983_649, .nan, 3], range: (100, 0))
        #expect(scale.domain == 0...1_000_000)
        #expect(scale(0) == 100)
        #expect(scale(500_000) == 50)
        #expect(LinearScale([], range: (0, 1)).domain == 0...1)
        #expect(LinearScale([0, 0], range: (0, 1)).domain == 0...1)
    }

    @Test("a logarithmic scale has a tick for each decade, and shows one") func logarithmic() {
        let scale = LogarithmicScale([1, 983_649, 0, -3], range: (100, 0))
        #expect(scale.ticks == [1, 10, 100, 1_000, 10_000, 100_000])
        #expect(scale(0) == 100)
        #expect(scale(1) < 96 && scale(1) > 90)
        #expect(scale(983_649) == 0)
        let decade = scale(10) - scale(100)
        #expect(abs(decade - (scale(1_000) - scale(10_000))) < 1e-9)
        #expect(LogarithmicScale([1e18], range: (0, 1)).ticks.count <= 10)
    }

    @Test("the logarithm is exact to twelve digits") func logarithms() {
        for (value, expected) in [
            (1.0, 0.0), (10, 1), (1_000, 3), (2, 0.301_029_995_663_981), (1e-9, -9), (1e300, 300),
        ] {
            #expect(abs(logarithm(value) - expected) < 1e-12 * max(1, abs(expected)))
        }
    }

    @Test("bands lie beside each other") func bands() {
        let bands = BandScale(4, from: 0, to: 100, gap: 0.2)
        #expect(bands.width == 20)
        #expect(bands(1) == 27.5)
        #expect(bands.middle(3) == 87.5)
        #expect(BandScale(0, from: 0, to: 100).width == 0)
    }

    /// 2026-11-21 13:30:00 UTC
    private let noon: Int64 = 1_795_267_800_000_000

    @Test(
        "ticks of a time are round",
        arguments: [
            (90.0, ["11-21 13:30:00", "13:30:30", "13:31:00", "13:31:30"]),
            (4 * 3_600, ["11-21 14:00", "15:00", "16:00", "17:00"]),
            (30 * 3_600, ["11-21 18:00", "11-22 00:00", "06:00", "12:00", "18:00"]),
            (4 * 86_400, ["11-22", "11-23", "11-24", "11-25"]),
            (300 * 86_400, ["2027-01", "2027-03", "2027-05", "2027-07", "2027-09"]),
            (20 * 366 * 86_400, ["2030-01", "2035-01", "2040-01", "2045-01"]),
        ] as [(Double, [String])]) func times(seconds: Double, labels: [String])
    {
        let scale = TimeScale(from: noon, to: noon + Int64(seconds * 1e6), range: (0, 100))
        #expect(scale.ticks.map { $0.label } == labels)
        #expect(scale(noon) == 0)
        #expect(scale(noon + Int64(seconds * 1e6)) == 100)
    }
}
