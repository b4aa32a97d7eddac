/// A version of a Python package, ordered as PEP 440 orders them (packaging.python.org, "Version specifiers").
public struct PackageVersion: Sendable, Comparable {
    /// Digits without leading zeros, so that a number may have any length.
    fileprivate struct Number: Comparable {
        let digits: [UInt8]

        init(_ digits: ArraySlice<UInt8>) { self.digits = Array(digits.drop { $0 == UInt8(ascii: "0") }) }

        static func < (left: Number, right: Number) -> Bool {
            left.digits.count == right.digits.count
                ? left.digits.lexicographicallyPrecedes(right.digits) : left.digits.count < right.digits.count
        }
    }

    /// A part that may be missing; a missing one sorts before or after all possible values.
    private enum Part: Comparable {
        case before
        case some(phase: Int, Number)
        case after
    }

    private enum LocalPart: Comparable {
        case word(String)
        case number(Number)
    }

    private let epoch: Number
    /// Without zeros at the end, because 1.0 equals 1.
    private let release: [Number]
    private let pre: Part
    private let post: Part
    private let dev: Part
    private var local: [LocalPart]?

    /// nil for a text that is not a version by PEP 440.
    public init?(_ text: String) {
        var cursor = VersionCursor(text)
        cursor.skip("v")
        guard let first = cursor.number() else { return nil }
        var release = [first]
        var epoch = Number([])
        if cursor.skip("!") {
            guard let number = cursor.number() else { return nil }
            epoch = first
            release = [number]
        }
        while let number = cursor.numberAfterDot() { release.append(number) }
        while release.count > 1, release.last?.digits.isEmpty == true { release.removeLast() }
        let pre = cursor.suffix(PackageVersion.preWords)
        let post = cursor.suffix([("post", 0), ("rev", 0), ("r", 0)]) ?? cursor.numberAfterDash().map { (0, $0) }
        let dev = cursor.suffix([("dev", 0)])
        var local: [LocalPart]?
        if cursor.skip("+") {
            guard let words = cursor.words() else { return nil }
            local = words.map { word in
                word.allSatisfy(isDigit)
                    ? .number(Number(word[...])) : .word(String(decoding: word, as: UTF8.self))
            }
        }
        guard cursor.isAtEnd else { return nil }
        self.epoch = epoch
        self.release = release
        // 1.dev1 comes before 1a1, which comes before 1
        let isDevOnly = pre == nil && post == nil && dev != nil
        self.pre = pre.map { .some(phase: $0.0, $0.1) } ?? (isDevOnly ? .before : .after)
        self.post = post.map { .some(phase: $0.0, $0.1) } ?? .before
        self.dev = dev.map { .some(phase: $0.0, $0.1) } ?? .after
        self.local = local
    }

    /// Longer words come before their prefixes.
    private static let preWords = [
        ("alpha", 0), ("beta", 1), ("preview", 2), ("pre", 2), ("rc", 2), ("a", 0), ("b", 1), ("c", 2),
    ]

    public static func < (left: PackageVersion, right: PackageVersion) -> Bool {
        if left.epoch != right.epoch { return left.epoch < right.epoch }
        if left.release != right.release { return left.release.lexicographicallyPrecedes(right.release) }
        if left.pre != right.pre { return left.pre < right.pre }
        if left.post != right.post { return left.post < right.post }
        if left.dev != right.dev { return left.dev < right.dev }
        switch (left.local, right.local) {
        case (nil, let other): return other != nil
        case (_, nil): return false
        case (let one?, let other?): return one.lexicographicallyPrecedes(other)
        }
    }
}

/// The parts that conditions on versions ask for.
extension PackageVersion {
    var hasLocal: Bool { local != nil }

    var isPost: Bool { if case .some = post { true } else { false } }

    /// Whether it is for development, an alpha or beta version, or a candidate.
    var isBeforeRelease: Bool {
        if case .some = dev { return true }
        if case .some = pre { return true }
        return false
    }

    /// Whether it has nothing but an epoch and a release.
    var isPlainRelease: Bool { !hasLocal && !isPost && !isBeforeRelease }

    var withoutLocal: PackageVersion {
        var version = self
        version.local = nil
        return version
    }

    func isOfRelease(of other: PackageVersion) -> Bool { epoch == other.epoch && release == other.release }

    /// Whether the first parts of the releases are equal; missing ones are 0.
    func begins(with other: PackageVersion, parts: Int) -> Bool {
        func part(_ version: PackageVersion, _ place: Int) -> Number {
            place < version.release.count ? version.release[place] : Number([])
        }
        return epoch == other.epoch && (0..<parts).allSatisfy { part(self, $0) == part(other, $0) }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
}

/// Reads a version's parts from left to right.
private struct VersionCursor {
    private var rest: ArraySlice<UInt8>

    /// White space around a version and capitals in it are ignored.
    init(_ text: String) {
        var bytes = Array(text.utf8)[...]
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        rest = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    @discardableResult
    mutating func skip(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    mutating func number() -> PackageVersion.Number? {
        let digits = rest.prefix(while: isDigit)
        guard !digits.isEmpty else { return nil }
        rest = rest[digits.endIndex...]
        return PackageVersion.Number(digits)
    }

    mutating func numberAfterDot() -> PackageVersion.Number? { number(after: ".") }

    mutating func numberAfterDash() -> PackageVersion.Number? { number(after: "-") }

    private mutating func number(after mark: String) -> PackageVersion.Number? {
        let start = rest
        if skip(mark), let number = number() { return number }
        rest = start
        return nil
    }

    /// One of the words, with or without a separator before and after it, and its number, which is 0 if it is missing.
    mutating func suffix(_ words: [(String, Int)]) -> (Int, PackageVersion.Number)? {
        let start = rest
        if let first = rest.first, isSeparator(first) { rest.removeFirst() }
        for (word, phase) in words where skip(word) {
            let end = rest
            if let first = rest.first, isSeparator(first) { rest.removeFirst() }
            if let number = number() { return (phase, number) }
            rest = end
            return (phase, PackageVersion.Number([]))
        }
        rest = start
        return nil
    }

    /// Letters and digits between separators; nil if two separators follow each other.
    mutating func words() -> [[UInt8]]? {
        let words = rest.split(omittingEmptySubsequences: false, whereSeparator: isSeparator)
        rest = rest[rest.endIndex...]
        let areSound = words.allSatisfy { word in
            !word.isEmpty && word.allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        }
        return areSound ? words.map { Array($0) } : nil
    }
}
