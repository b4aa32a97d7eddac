/// The forms of an answer that have files of their own beside its page.
public enum PageFile: String, CaseIterable, Sendable {
    case json, jsonl, csv, svg

    public var contentType: String {
        switch self {
        case .json: "application/json"
        case .jsonl: "application/x-ndjson"
        case .csv: "text/csv; charset=utf-8"
        case .svg: "image/svg+xml"
        }
    }

    /// The ending of a name that an address would take for that of a file, or of a page; nil if there is none.
    static func ending(of name: String) -> String? {
        (allCases.map { "." + $0.rawValue } + [".html"]).first { name.hasSuffix($0) }
    }

    /// Parts the last name of a path from its ending: `/job/42.json`. A page's address may end in `.html`, for a name
    /// that has such an ending itself.
    public static func parted(_ name: String) -> (name: String, file: PageFile?) {
        for file in allCases where name.hasSuffix("." + file.rawValue) {
            return (String(name.dropLast(file.rawValue.count + 1)), file)
        }
        return (name.hasSuffix(".html") ? String(name.dropLast(5)) : name, nil)
    }
}
