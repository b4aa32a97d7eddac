extension [UInt8] {
    /// Reads a `bytea` in either of its text forms, whatever `bytea_output` is (PostgreSQL manual, section 8.4). One
    /// form is `\x` and hexadecimal digits. The other is characters, with a doubled backslash and `\` with three octal
    /// digits for unprintable bytes.
    init(bytea text: String) {
        if text.hasPrefix("\\x") {
            self.init(hexadecimal: text.dropFirst(2))
            return
        }
        self = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let first = rest.popFirst() else {
                append(byte)
                continue
            }
            guard first != UInt8(ascii: "\\"), let second = rest.popFirst(), let third = rest.popFirst() else {
                append(first)
                continue
            }
            append((first & 7) << 6 | (second & 7) << 3 | (third & 7))
        }
    }
}
