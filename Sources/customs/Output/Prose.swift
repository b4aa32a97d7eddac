/// Joins the lines of paragraphs for `--help`, which then wraps them at the terminal's width. It keeps indented lines,
/// lines of capitals alone, and empty lines.
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
