extension PageQuestion {
    /// Options without a value that no page has.
    private static let foreignFlags: Set<String> = ["sinfo", "sacct"]

    /// The question of a command as documents write it: `customs who --python '<3.9'`. Options that pages do not have
    /// are left out.
    ///
    /// - Returns: nil if it is no question, or one with a placeholder for a name.
    init?(typed text: String) {
        var words = PageQuestion.words(of: text)[...]
        guard words.popFirst() == "customs", let name = words.popFirst() else { return nil }
        let isCanary = name == "canary" && words.first == "status"
        if isCanary { words.removeFirst() }
        guard let command = isCanary ? .canaries : PageCommand(rawValue: name) else { return nil }
        var arguments: [String] = []
        var options: [PageOption] = []
        while let word = words.popFirst() {
            guard word.hasPrefix("--") else {
                arguments.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1).map { String($0) }
            guard let option = parts.first else { return nil }
            let isFlag = PageCommand.isFlag(option) || PageQuestion.foreignFlags.contains(option)
            let value = isFlag ? nil : parts.count > 1 ? parts[1] : words.popFirst()
            if command.options.contains(option) { options.append(PageOption(option, value)) }
        }
        let isPlaceholder = (arguments + options.compactMap { $0.value }).contains { text in
            text.contains { $0.isUppercase } && !text.contains { $0.isLowercase || $0.isNumber }
        }
        guard !isPlaceholder else { return nil }
        do throws(Malformed) { try self.init(command, arguments: arguments, options: options) } catch { return nil }
    }

    /// The words of a command; text between single quotes is one.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        for (place, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
            if place % 2 == 0 {
                words += part.split(separator: " ").map { String($0) }
            } else {
                words.append(String(part))
            }
        }
        return words
    }
}
