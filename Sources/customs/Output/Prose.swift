/// Paragraphs for `--help`, each one line that wraps where the terminal ends: lines are joined but for indented ones, those
/// that stand alone in capitals, and those next to an empty one.
func prose(_ text: String) -> String {
    var lines: [String] = []
    var isOpen = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let isHeading = !line.isEmpty && line.allSatisfy { $0.isUppercase || $0 == " " }
        let isProse = !line.isEmpty && line.first != " " && !isHeading
        if isProse, isOpen, let last = lines.popLast() {
            lines.append(last + " " + line)
        } else {
            lines.append(String(line))
        }
        isOpen = isProse
    }
    return lines.joined(separator: "\n")
}
