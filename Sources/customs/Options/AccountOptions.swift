import ArgumentParser
import JSON
import Query
import Settings

/// The options about what accounts belong to, by a file of the site's.
struct AccountOptions: ParsableArguments, WrittenOptions {
    @Option(
        name: .customLong("accounts"),
        help: ArgumentHelp(
            "CSV file that says what accounts belong to: account,project,pi,field,department.", valueName: "file"))
    var file: String?

    @Option(help: "Only jobs whose account belongs to this project.")
    var project: String?

    @Option(help: "Only jobs whose account belongs to this principal investigator.")
    var pi: String?

    @Option(help: "Only jobs whose account belongs to this field.")
    var field: String?

    @Option(help: "Only jobs whose account belongs to this department.")
    var department: String?

    var written: [QuestionOption: String] {
        given([.project: project, .pi: pi, .field: field, .department: department])
    }

    /// The file that the option, the environment or the configuration names; nil if no part of the question needs one.
    ///
    /// - Parameters:
    ///   - property: what rows are about.
    ///   - isWanted: whether the answer has more if there is a file.
    /// - Throws: `Failure` with 64 if a file is needed and none is named, with 66 if that of the option cannot be used,
    ///   and with 78 if that of the configuration cannot.
    func mapping(_ store: StoreOptions, per property: AccountProperty?, isWanted: Bool) throws -> AccountMapping? {
        let filters: [(AccountProperty, String?)] = [
            (.project, project), (.pi, pi), (.field, field), (.department, department),
        ]
        let chosen = filters.filter { $0.1 != nil }.map { (property: $0.0, words: "--\($0.0.rawValue)") }
        let needed = chosen + (property.map { [($0, "--per \($0.rawValue)")] } ?? [])
        guard file != nil || isWanted || !needed.isEmpty else { return nil }
        guard let source = try source(store) else {
            guard let first = needed.first else { return nil }
            throw Failure(
                .usage,
                "\(first.words): needs a file that says what accounts belong to; name it by --accounts, "
                    + "CUSTOMS_ACCOUNTS, or 'accounts' in [questions] of the configuration")
        }
        let mapping = try source.read()
        for (property, words) in needed where !mapping.properties.contains(property) {
            let columns = mapping.columns.map { printable($0) }.joined(separator: ", ")
            throw source.failure("\(words): it has no column '\(property.rawValue)'; its columns are \(columns)")
        }
        return mapping
    }

    private func source(_ store: StoreOptions) throws -> Source? {
        if let file { return Source(path: file, name: "--accounts \(printable(file))", code: .noInput) }
        let settings = try store.settings()
        return settings.questions.accounts.map { path in
            let origin = settings.origins["questions.accounts"] ?? "accounts"
            return Source(path: path, name: "\(origin) '\(printable(path))'", code: .configuration)
        }
    }
}

/// The file, with the place that names it.
private struct Source {
    let path: String
    let name: String
    let code: SystemExit

    func read() throws -> AccountMapping {
        let bytes: [UInt8]
        do throws(FileContents.Unreadable) {
            bytes = try FileContents.read(path, most: AccountMapping.mostBytes)
        } catch { throw failure(error.reason) }
        do throws(AccountMapping.Malformed) { return try AccountMapping(bytes) } catch {
            throw Failure(code, "\(name), \(error)")
        }
    }

    func failure(_ why: String) -> Failure { Failure(code, "\(name): \(why)") }
}
