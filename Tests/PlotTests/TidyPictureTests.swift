import Plot
import Testing

/// Each label of each kind of picture lies inside it, and on no other label, whatever the data.
@Suite struct TidyPictureTests {
    private func expectTidy(_ picture: Picture, _ comment: String) throws {
        try DrawnPicture(picture.inline).expectTidy(comment)
    }

    @Test("a file with a title of any length") func file() throws {
        for name in UglyData.names {
            for width in [200.0, 460] {
                let caption = Caption(id: "x", title: name + " " + UglyData.names[3], description: "\(name) \(name)")
                let bar = BarChart.Bar(name: "numpy", value: 1, detail: "")
                let picture = BarChart(caption, unit: "users", [bar], width: width).picture
                try DrawnPicture(picture.file).expectTidy("\(name.prefix(40)) \(width)")
            }
        }
    }

    @Test("bars") func bars() throws {
        try UglyData.each { values, count, width in
            let bars = values.enumerated().map { index, value in
                BarChart.Bar(
                    name: UglyData.name(index), value: value, detail: UglyData.name(index), link: "/package/\(index)")
            }
            try expectTidy(
                BarChart(UglyData.caption, unit: "users", bars, width: width).picture, "\(values) \(width)")
        }
    }

    @Test("columns", arguments: [ColumnChart.Axis.linear, .logarithmic])
    func columns(axis: ColumnChart.Axis) throws {
        try UglyData.each { values, count, width in
            let columns = values.enumerated().map { index, value in
                ColumnChart.Column(
                    name: UglyData.name(index), value: value.map { abs($0) }, detail: "", isOpen: index % 3 == 2)
            }
            let chart = ColumnChart(
                UglyData.caption, unit: "jobs", category: "nodes", axis: axis, columns, width: width)
            try expectTidy(chart.picture, "\(values) \(width)")
        }
    }

    @Test("lines") func lines() throws {
        try UglyData.each { values, count, width in
            for months in count < 30 ? [1, 13] : [60] {
                let series = values.enumerated().map { index, value in
                    LineChart.Series(
                        name: UglyData.name(index),
                        (0..<months).map {
                            LineChart.Point($0 % 4 == 2 ? nil : value.map { abs($0) }, detail: "\($0)")
                        })
                }
                let chart = LineChart(
                    UglyData.caption, unit: "users", categories: (0..<months).map { "20\(10 + $0)-11" }, series,
                    lastIsOpen: months % 2 == 1, width: width)
                try expectTidy(chart.picture, "\(values) \(months) \(width)")
            }
        }
    }

    @Test("stacked bars", arguments: [true, false]) func stackedBars(isOfShares: Bool) throws {
        try UglyData.each { values, count, width in
            let parts = (0..<4).map { StackedBarChart.Part(name: UglyData.name($0 * 3), tone: .series($0 + 1)) }
            let bars = values.enumerated().map { index, value in
                StackedBarChart.Bar(
                    name: UglyData.name(index), [value, 1, nil, value], detail: "", label: UglyData.name(index + 7))
            }
            let chart = StackedBarChart(
                UglyData.caption, unit: "processes", parts: parts, bars, isOfShares: isOfShares, width: width)
            try expectTidy(chart.picture, "\(values) \(width)")
        }
    }

    @Test("a sum") func sum() throws {
        try UglyData.each { values, count, width in
            let parts = values.enumerated().map { index, value in
                SumBar.Part(name: UglyData.name(index), value: value ?? 0, detail: "", tone: .series(index + 1))
            }
            let chart = SumBar(UglyData.caption, name: "received", unit: "records", parts, width: width)
            try expectTidy(chart.picture, "\(values) \(width)")
        }
    }

    @Test("coefficients of pairs") func heatMap() throws {
        try UglyData.each { values, count, width in
            let names = values.indices.map { UglyData.name($0) }
            let pairs = values.enumerated().compactMap { index, value in
                value.map {
                    HeatMap.Pair(
                        index, (index + 1) % max(count, 1), coefficient: min(max($0, -1), 1), detail: "\($0)")
                }
            }
            try expectTidy(
                HeatMap(UglyData.caption, names: names, pairs, width: width).picture, "\(values) \(width)")
        }
    }

    @Test("times") func timeline() throws {
        let starts: [Int64?] = [0, 1_764_000_000_000_000, nil, .max - 5, 1_764_000_000_000_001, .min / 4]
        for length: Int64 in [0, 1, 1_000_000, 3_600_000_000, 86_400_000_000 * 400] {
            for chosen in [starts, [starts[1]], [starts[1], starts[4]], [nil], []] {
                let rows = chosen.enumerated().map { index, start in
                    Timeline.Row(
                        name: UglyData.name(index + 3), from: start,
                        to: index % 3 == 1 ? nil : start.map { $0 &+ length < $0 ? .max : $0 + length },
                        outcome: UglyData.name(index * 5), detail: "", tone: .series(index + 1),
                        isHeading: index == 0, link: index == 1 ? "/x?a=1&b=2" : nil)
                }
                for width in [360.0, 720] {
                    try expectTidy(
                        Timeline(UglyData.caption, rows, width: width).picture, "\(chosen) \(length) \(width)")
                }
            }
        }
    }
}
