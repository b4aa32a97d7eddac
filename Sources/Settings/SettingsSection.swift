import TOMLKit

/// One table of the file.
struct SettingsSection {
    let table: TOMLTable
    /// The table's name; empty for the root.
    let name: String
    let file: String
    let text: String

    func refuseUnknown(_ known: [String]) throws(SettingsError) {
        for key in table.keys.sorted() where !known.contains(key) {
            let place = name.isEmpty ? "at the top level" : "in [\(name)]"
            throw complaint(key, "unknown key \(place); known are \(known.joined(separator: ", "))")
        }
    }

    func section(_ key: String, _ known: [String]) throws(SettingsError) -> SettingsSection? {
        guard let value = table[key] else { return nil }
        guard let inner = value.table else { throw complaint(key, "must be a table, written [\(key)]") }
        let section = SettingsSection(table: inner, name: key, file: file, text: text)
        try section.refuseUnknown(known)
        return section
    }

    /// A table within this one, whose keys are names of the site's.
    func names(_ key: String) throws(SettingsError) -> SettingsSection? {
        guard let value = table[key] else { return nil }
        guard let inner = value.table else { throw complaint(key, "must be a table, written [\(name).\(key)]") }
        return SettingsSection(table: inner, name: "\(name).\(key)", file: file, text: text)
    }

    func flag(_ key: String) throws(SettingsError) -> Bool? {
        guard let value = table[key] else { return nil }
        guard let flag = value.bool else { throw complaint(key, "must be true or false") }
        return flag
    }

    func string(_ key: String) throws(SettingsError) -> String? {
        guard let value = table[key] else { return nil }
        guard let string = value.string, !string.isEmpty else { throw complaint(key, "must be a text in quotes") }
        return string
    }

    func strings(_ key: String, mayBeEmpty: Bool = false) throws(SettingsError) -> [String]? {
        guard let value = table[key] else { return nil }
        if let one = value.string, !one.isEmpty { return [one] }
        guard let array = value.array else { throw complaint(key, "must be a list of texts") }
        var strings: [String] = []
        for element in array {
            guard let string = element.string, !string.isEmpty else {
                throw complaint(key, "must be a list of texts")
            }
            strings.append(string)
        }
        guard mayBeEmpty || !strings.isEmpty else { throw complaint(key, "must name at least one") }
        return strings
    }

    func integer(_ key: String, _ range: ClosedRange<Int>, _ set: (Int) -> Void) throws(SettingsError) {
        guard let value = table[key] else { return }
        guard let integer = value.int, range.contains(integer) else {
            throw complaint(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        set(integer)
    }

    /// - Returns: nil if the key is missing.
    func choice<Choice: CaseIterable & RawRepresentable<String>>(_ key: String) throws(SettingsError) -> Choice? {
        guard let word = try string(key) else { return nil }
        guard let choice = Choice(rawValue: word) else {
            throw complaint(key, "'\(word)' is none of \(Choice.allCases.map { $0.rawValue }.joined(separator: ", "))")
        }
        return choice
    }

    func complaint(_ key: String, _ why: String) -> SettingsError { SettingsError("\(origin(key)): \(why)") }

    /// The key and its place in the file.
    func origin(_ key: String) -> String {
        let (line, column) = place(of: key)
        return "\(file):\(line):\(column): \(key)"
    }

    /// The place of the key in the file. The TOML library gives places only for syntax errors, so this searches the
    /// file's lines for `key =` or `[key]` within this table, or for the key in `table = { … }`.
    private func place(of key: String) -> (line: Int, column: Int) {
        var current = ""
        // to Swift, CR and LF together are one character
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " || $0 == "\t" }.count
            let content = line.dropFirst(indent)
            if content.first == "[" {
                current = String(
                    content.drop { $0 == "[" }.prefix { $0 != "]" && $0 != "#" }
                        .filter { $0 != " " && $0 != "\"" && $0 != "'" })
                if current == (name.isEmpty ? key : "\(name).\(key)") { return (index + 1, indent + 1) }
                continue
            }
            let written = content.prefix { $0 != "=" }.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" }
            if content.contains("="), current == name && written == key { return (index + 1, indent + 1) }
            if content.contains("="), current.isEmpty, written == "\(name).\(key)" { return (index + 1, indent + 1) }
            if content.contains("="), current.isEmpty, written == name, let column = column(of: key, in: line) {
                return (index + 1, column)
            }
        }
        return (1, 1)
    }

    /// The column of the key as a word of its own.
    private func column(of key: String, in line: Substring) -> Int? {
        func isPartOfKey(_ character: Character?) -> Bool {
            character.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" } ?? false
        }
        var before: Character?
        for (offset, start) in line.indices.enumerated() {
            let rest = line[start...]
            if rest.hasPrefix(key), !isPartOfKey(before), !isPartOfKey(rest.dropFirst(key.count).first) {
                return offset + 1
            }
            before = line[start]
        }
        return nil
    }
}
