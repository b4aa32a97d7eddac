import Plot

/// What a picture must stand: names and numbers that no one would choose.
enum UglyData {
    static let names = [
        "numpy", "", " ", String(repeating: "a", count: 8_192), String(repeating: "W", count: 8_192),
        "<script>alert('x')</script>", "a\u{202E}b\u{0}c\u{1B}[31m\u{2028}d", "שלום עולם", "مرحبا بالعالم",
        "数据分析与机器学习工具包", "データ解析ライブラリのとても長い名前です", "한국어 패키지 이름",
        "👩‍👩‍👧‍👦👍🏽🇩🇪", String(repeating: "🚀", count: 300), "z" + String(repeating: "\u{301}", count: 2_000),
        "ǱǱǱǱǱǱǱ", "﷽﷽﷽", "\u{12031}\u{12031}", "größe_éàü", "a b  c   d", "]]>&amp;--><!--", "\u{FFFF}\u{FFFE}",
        "ШШШШ ЩЩЩЩ", "ⅧⅧⅧ", "ไพธอน", "नमस्ते", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "\t\n\r", "null", "-0",
    ]

    static let values: [[Double?]] = [
        [0], [1], [nil], [.nan], [1e9], [0, 0, 0], [7, 7, 7], [1, nil, .infinity, 3], [0, 1, 1e9, 983_649],
        [1e-9, 0.5, 0.004], [999_999.6, 999_999, 1e15, 3.7e18], [-1, 0.5, -0.25, 1], [-5, -5],
        [.greatestFiniteMagnitude, -.greatestFiniteMagnitude], [.leastNonzeroMagnitude], [9_999.6, 12_345, 0.1],
    ]

    static let caption = Caption(
        id: "ugly", title: "Packages by users " + names[5],
        description: "30 days; staff left out; \(names[6]) \(names[3]) and more words than a line has room for.")

    /// As many values as asked for, in turn.
    static func values(_ pattern: [Double?], _ count: Int) -> [Double?] {
        (0..<count).map { pattern[$0 % pattern.count] }
    }

    static func name(_ index: Int) -> String { names[index % names.count] }

    /// Calls with all values, several counts and several widths.
    static func each(_ body: (_ values: [Double?], _ count: Int, _ width: Double) throws -> Void) rethrows {
        for pattern in values {
            for count in pattern.count == 1 ? [0, 1, 30] : [pattern.count, 30] {
                for width in [320.0, 460] { try body(values(pattern, count), count, width) }
            }
        }
    }
}
