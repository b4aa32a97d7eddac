import CDefinitions
import HTML

/// The page of definitions: `docs/questions.md` as it was when the program was built.
enum Definitions {
    static let text = String(
        decoding: UnsafeRawBufferPointer(start: customs_definitions_text(), count: customs_definitions_size()),
        as: UTF8.self)

    static let markup = blocks.map { $0.markup }

    private static let blocks = MarkdownBlock.blocks(of: text)

    private static let anchors = Set(blocks.compactMap { $0.anchor })

    /// The anchor of the definition of a command's answer; that of all commands if it has none of its own.
    static func anchor(of command: PageCommand) -> String {
        let name = command.words.joined(separator: "-")
        return [name, "customs-" + name].first { anchors.contains($0) } ?? anchors.first { $0.hasPrefix(name + "-") }
            ?? "commands-and-their-options"
    }
}
