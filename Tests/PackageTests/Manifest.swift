import Glibc
import Testing

/// What `Package.swift` says of the modules under `Sources`, read as text.
struct Manifest {
    /// The root of the repository.
    let root: String
    /// Each module's name, and the names of the modules that it may import.
    let dependencies: [String: Set<String>]

    init(file: String = #filePath) throws {
        root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let text = try Manifest.contents(of: root + "/Package.swift")
        var found: [String: [String]] = [:]
        for mark in ["module(", ".executableTarget("] {
            var rest = text[...]
            while let start = rest.firstRange(of: mark) {
                rest = rest[start.upperBound...]
                let names = Manifest.quoted(in: Manifest.upToClosingParenthesis(rest))
                if let name = names.first { found[name] = Array(names.dropFirst()) }
            }
        }
        dependencies = found.mapValues { names in Set(names.filter { found[$0] != nil }) }
    }

    /// All modules that a module can import, directly or through others.
    func reach(of module: String) -> Set<String> {
        var reached: Set<String> = []
        var waiting = dependencies[module] ?? []
        while let next = waiting.popFirst() {
            reached.insert(next)
            waiting.formUnion((dependencies[next] ?? []).subtracting(reached))
        }
        return reached
    }

    /// The Swift files of a module.
    func files(of module: String) throws -> [String] { try Manifest.swiftFiles(under: "\(root)/Sources/\(module)") }

    /// The modules under `Sources` that a file imports.
    func imports(of file: String) throws -> Set<String> {
        Set(try allImports(of: file).filter { dependencies[$0] != nil })
    }

    /// The modules that a file imports, of whatever package.
    func allImports(of file: String) throws -> [String] {
        let lines = try Manifest.contents(of: file).split(separator: "\n")
        return lines.compactMap { line -> String? in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count, place <= 1 else { return nil }
            return String(words[place + 1])
        }
    }

    private static func contents(of path: String) throws -> String {
        let file = try #require(fopen(path, "re"), "\(path) cannot be opened")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    private static func swiftFiles(under folder: String) throws -> [String] {
        let directory = try #require(opendir(folder), "\(folder) cannot be opened")
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(".") { continue }
            if Int32(entry.pointee.d_type) == Int32(DT_DIR) {
                found += try swiftFiles(under: "\(folder)/\(name)")
            } else if name.hasSuffix(".swift") {
                found.append("\(folder)/\(name)")
            }
        }
        return found
    }

    private static func upToClosingParenthesis(_ text: Substring) -> Substring {
        var depth = 1
        return text.prefix { character in
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            return depth > 0
        }
    }

    private static func quoted(in text: Substring) -> [String] {
        let pieces = text.split(separator: "\"", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
    }
}
