import Record

/// A whole set of packages, read from a stack symbol's text.
public struct Stack: Sendable, Equatable {
    public struct Package: Sendable, Equatable {
        public let name: String
        /// nil if the hook could not find it cheaply.
        public let version: String?
        /// Whether the user's own code imported it; nil if unknown.
        public let direct: Bool?

        public init(name: String, version: String?, direct: Bool?) {
            self.name = name
            self.version = version
            self.direct = direct
        }
    }

    /// Sorted by the names' bytes, each name once.
    public let packages: [Package]

    /// Reads a stack symbol's text.
    public init(key: UnsafeRawBufferPointer) {
        let texts = CompoundKey.texts(of: key)
        packages = stride(from: 0, to: texts.count - 2, by: 3).map { index in
            Package(
                name: texts[index] ?? "", version: texts[index + 1],
                direct: texts[index + 2].map { $0 == Stack.directMark })
        }
    }

    static let directMark = "d"
    static let indirectMark = "i"
}

extension CompoundKey {
    /// Appends the next package of a stack's text. A stack's packages come in the order of their names' bytes.
    public mutating func append(_ package: Stack.Package) {
        append(package.name)
        if let version = package.version { append(version) } else { appendAbsent() }
        if let direct = package.direct {
            append(direct ? Stack.directMark : Stack.indirectMark)
        } else {
            appendAbsent()
        }
    }
}

/// Turns the packages of records into stack symbols.
///
/// Hooks name packages in the same order each time. So the packages are first looked up in the order of the record, and
/// sorted only if they are new.
struct StackReader: Sendable {
    private var asTheyCame = SymbolTable()
    private var stacks: [Int32] = [0]
    private var key = CompoundKey()

    /// - Parameter budget: that of new sets of packages.
    mutating func symbol(for record: UsageRecord, in table: inout SymbolTable, _ budget: inout NameBudget) -> Int32 {
        key.reset()
        record.text.withUnsafeBytes { text in
            for use in record.packages {
                append(use.name, of: text)
                append(use.version, of: text)
            }
            if record.directIsKnown {
                key.appendAbsent()
                for range in record.direct { append(range, of: text) }
            }
        }
        let packages = record.packages.count
        var sorted: CompoundKey?
        let found = key.bytes.withUnsafeBytes { bytes in
            asTheyCame.symbol(for: bytes) {
                budget.admits(stack: bytes, packages: packages) {
                    let key = StackReader.sortedKey(of: record)
                    sorted = key
                    return key
                }
            }
        }
        guard let found else { return otherSymbol(in: &table) }
        let raw = Int(found)
        if raw < stacks.count { return stacks[raw] }
        let stack = (sorted ?? StackReader.sortedKey(of: record)).bytes.withUnsafeBytes { table.symbol(for: $0) }
        stacks.append(stack)
        return stack
    }

    /// The symbol of the stack that stands for those beyond a sender's budget.
    private mutating func otherSymbol(in table: inout SymbolTable) -> Int32 {
        key.reset()
        key.append(NameBudget.other)
        key.appendAbsent()
        key.appendAbsent()
        return key.bytes.withUnsafeBytes { table.symbol(for: $0) }
    }

    /// One stack's packages can come in very many orders, so the vocabulary's limit does not limit these.
    var isFull: Bool { asTheyCame.count > 500_000 || asTheyCame.byteCount > 48 << 20 }

    mutating func empty() {
        asTheyCame = SymbolTable()
        stacks = [0]
    }

    private mutating func append(_ range: TextRange, of text: UnsafeRawBufferPointer) {
        guard range.isPresent else { return key.appendAbsent() }
        key.append(UnsafeRawBufferPointer(rebasing: text[Int(range.start)..<Int(range.start + range.count)]))
    }

    private static func sortedKey(of record: UsageRecord) -> CompoundKey {
        var versions: [ExactText: String?] = [:]
        for use in record.packages {
            guard let name = record.string(use.name) else { continue }
            versions.updateValue(record.string(use.version), forKey: ExactText(name))
        }
        let direct = Set(record.direct.compactMap { record.string($0).map { ExactText($0) } })
        var key = CompoundKey()
        for (name, version) in versions.sorted(by: { $0.key < $1.key }) {
            key.append(
                Stack.Package(
                    name: name.string, version: version,
                    direct: record.directIsKnown ? direct.contains(name) : nil))
        }
        return key
    }
}
