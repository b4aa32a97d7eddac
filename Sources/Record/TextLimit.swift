/// Longer texts are cut at this number of bytes, so that every index of every store can hold them. The limit is in
/// bytes, because one visible character may consist of any number of them.
public let maximumTextBytes = 2_000

/// The stored part of a text, ending at the end of a character.
public func clipped(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard text.count > maximumTextBytes else { return text }
    var end = maximumTextBytes
    while end > 0 && text[end] & 0xC0 == 0x80 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: text[..<end])
}

/// The stored part of a text, ending at the end of a character.
public func clipped(_ text: String) -> String {
    guard text.utf8.count > maximumTextBytes else { return text }
    var text = text
    return text.withUTF8 { String(decoding: clipped(UnsafeRawBufferPointer($0)), as: UTF8.self) }
}
