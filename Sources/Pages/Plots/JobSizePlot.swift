import JSON
import Plot
import Query

/// Jobs by their number of nodes, in classes that double: 1, 2, 3 to 4, 5 to 8, ...
enum JobSizePlot {
    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard answer.index(of: "nodes") != nil, answer.index(of: "jobs") != nil else { return nil }
        return picture(answer.namedRows.map { ($0["nodes"], $0["jobs"]) }, title: "Jobs by number of nodes", setting)
    }

    static func picture(_ rows: [(nodes: JSON, jobs: JSON)], title: String, _ setting: PlotSetting) -> Picture {
        var classes: [Int: Double] = [:]
        var unknown = 0.0
        for (nodes, jobs) in rows {
            let count = jobs.number ?? 0
            guard let nodes = nodes.number, nodes >= 1 else {
                unknown += count
                continue
            }
            classes[place(of: nodes), default: 0] += count
        }
        let last = classes.keys.max() ?? -1
        var columns = stride(from: 0, through: last, by: 1).map { place in
            column(name(of: place), classes[place] ?? 0, "\(name(of: place)) \(place == 0 ? "node" : "nodes")")
        }
        if unknown > 0 { columns.append(column("not told", unknown, "number of nodes not told")) }
        return ColumnChart(
            PlotWords.caption(title, setting, ["each job once; the axis is logarithmic"]), unit: "jobs",
            category: "nodes", axis: .logarithmic, columns, width: setting.width ?? 460
        ).picture
    }

    private static func column(_ name: String, _ count: Double, _ what: String) -> ColumnChart.Column {
        ColumnChart.Column(
            name: name, value: count, detail: "\(what): \(JSON.integer(Int64(count)).cell) jobs")
    }

    /// 0 for one node, 1 for two, 2 for up to four, ...
    private static func place(of nodes: Double) -> Int {
        var (place, most) = (0, 1.0)
        while most < nodes, place < 40 { (place, most) = (place + 1, most * 2) }
        return place
    }

    private static func name(of place: Int) -> String {
        if place < 2 { return String(1 << place) }
        return "\(NumberLabel.tick(Double(1 << (place - 1) + 1)))–\(NumberLabel.tick(Double(1 << place)))"
    }
}
