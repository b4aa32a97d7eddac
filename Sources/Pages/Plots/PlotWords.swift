import JSON
import Plot
import Query

/// The words of pictures.
enum PlotWords {
    /// A caption with the conditions of the question behind what the picture says of itself.
    static func caption(_ title: String, _ setting: PlotSetting, _ notes: [String?] = []) -> Caption {
        let parts = (notes.compactMap { $0 } + setting.conditions).filter { !$0.isEmpty }
        let text = parts.joined(separator: "; ")
        return Caption(
            id: setting.id, title: printable(title),
            description: text.isEmpty ? "" : printable(text.prefix(1).uppercased() + text.dropFirst()) + ".")
    }

    /// Tells how much of an answer a picture shows; nil if it shows all.
    static func part(_ shown: Int, of all: Int, _ what: String = "rows") -> String? {
        shown < all ? "the first \(shown) of \(NumberLabel.value(Double(all))) \(what)" : nil
    }

    /// The end of a long text.
    static func end(of text: String, count: Int) -> String {
        // a name is 8,192 bytes at most
        text.count > count ? "…" + text.suffix(count - 1) : text
    }

    /// A column's name as words: `node_hours` as `node hours`.
    static func words(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }
}

extension Column {
    /// What the column's numbers count.
    var unitWords: String { unit?.words ?? PlotWords.words(name) }
}

extension Column.Unit {
    var words: String {
        switch self {
        case .users: "users"
        case .jobs: "jobs"
        case .processes: "processes"
        case .nodes: "nodes"
        case .nodeHours: "node hours"
        case .coreHours: "core hours"
        case .gpuHours: "GPU hours"
        case .records: "records"
        case .runs: "runs"
        case .seconds: "seconds"
        case .percent: "%"
        }
    }
}
