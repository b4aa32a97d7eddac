import Pages
import Query
import Record
import Store
import Web

extension PageQuestions {
    private static let mostResults = 50

    /// Packages, and if people may be searched also users, jobs and environments. Names that are exactly the words come
    /// first; if there is one such name, nothing else is told.
    func search(
        _ words: String, people: Bool, by connection: any SQLConnection
    ) throws(StoreError) -> [SearchResult] {
        if !people { return try publicPackages(words, connection) }
        var exact: [SearchResult] = []
        var others: [SearchResult] = []
        func add(_ kind: String, _ names: [String]) {
            for name in PageSearch.found(words, in: names) {
                let ending = PageFile.parted(name).file == nil ? "" : ".html"
                let result = SearchResult(
                    path: "/\(kind)/" + PercentCoding.encoded(name) + ending, text: "\(kind) \(name)")
                if ExactText(name) == ExactText(words) { exact.append(result) } else { others.append(result) }
            }
        }
        add("package", try KnownNames.all(.package, connection))
        if case .distribution(let name) = try PackageNames.meaning(of: words, connection) {
            exact.append(
                SearchResult(path: "/package/" + PercentCoding.encoded(name), text: "package \(name), of \(words)"))
        }
        add("user", try KnownNames.all(.user, connection))
        if words.first?.isNumber == true, try !JobReport.ask(connection, jobID: words).isEmpty {
            exact.append(SearchResult(path: "/job/" + PercentCoding.encoded(words), text: "job \(words)"))
        }
        for prefix in PageSearch.found(words, in: try KnownNames.all(.environment, connection))
        where !prefix.contains("*") {
            others.append(
                SearchResult(
                    path: "/who" + [PageOption("prefix", prefix)].query, text: "people of the environment \(prefix)"))
        }
        return Array((exact.count == 1 ? exact : exact + others).prefix(PageQuestions.mostResults))
    }

    /// Packages that may be told of.
    private func publicPackages(
        _ words: String, _ connection: any SQLConnection
    ) throws(StoreError) -> [SearchResult] {
        let question = PageQuestion(.top, options: [PageOption("public", nil)])
        guard case .success(let told) = try answer(question, PlotSetting(), by: connection) else { return [] }
        let names = told.answer.rows.compactMap { row in row.first?.plain }
        return PageSearch.found(words, in: names).prefix(PageQuestions.mostResults).map {
            SearchResult(path: "/package/" + PercentCoding.encoded($0), text: "package \($0)")
        }
    }
}

private enum PageSearch {
    /// The names with these words in them, in capitals or not: first those that begin with them.
    static func found(_ words: String, in names: [String]) -> [String] {
        let wanted = words.lowercased()
        var beginning: [String] = []
        var within: [String] = []
        for name in names {
            let lower = name.lowercased()
            if lower.hasPrefix(wanted) {
                beginning.append(name)
            } else if lower.contains(wanted) {
                within.append(name)
            }
        }
        return beginning + within
    }
}
