/// Texts longer than this many bytes are cut, so that every index of every store can hold them. In bytes, for what readers
/// take for one character may have any number of them.
public let maximumTextBytes = 2_000

/// The text as far as it is stored, ending where a character ends.
public func clipped(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard text.count > maximumTextBytes else { return text }
    var end = maximumTextBytes
    while end > 0 && text[end] & 0xC0 == 0x80 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: text[..<end])
}

/// The text as far as it is stored, ending where a character ends.
public func clipped(_ text: String) -> String {
    guard text.utf8.count > maximumTextBytes else { return text }
    var text = text
    return text.withUTF8 { String(decoding: clipped(UnsafeRawBufferPointer($0)), as: UTF8.self) }
}
