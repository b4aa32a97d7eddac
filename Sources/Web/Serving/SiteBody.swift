import Checksum
import NIOCore

/// A body that was made once, and is sent to many.
package struct SiteBody: Sendable {
    package let status: Int
    let contentType: String
    package let plain: ByteBuffer
    /// nil if it is not smaller.
    package let compressed: ByteBuffer?
    /// A strong validator (RFC 9110, section 8.8.3).
    package let tag: String
    /// How long a browser may use it without asking, seconds; 0 for not at all.
    let maximumAge: Int
    /// The path that a browser is sent to; nil for none.
    let location: String?

    package init(_ text: String, _ contentType: String, status: Int = 200, maximumAge: Int = 0) {
        let bytes = Array(text.utf8)
        self.status = status
        self.contentType = contentType
        self.maximumAge = maximumAge
        location = nil
        plain = ByteBuffer(bytes: bytes)
        let small = bytes.count > 512 ? Gzip.compressed(bytes) : nil
        compressed = small.flatMap { $0.count < bytes.count ? ByteBuffer(bytes: $0) : nil }
        tag = "\"" + Array(SHA256.hash(bytes).prefix(12)).hexadecimal + "\""
    }

    /// Sends a browser to another path of the site.
    init(redirect path: String) {
        status = 303
        contentType = SiteBody.text
        maximumAge = 0
        plain = ByteBuffer()
        compressed = nil
        tag = ""
        location = path
    }

    static let html = "text/html; charset=utf-8"
    static let text = "text/plain; charset=utf-8"

    /// Bytes in memory.
    package var size: Int { plain.readableBytes + (compressed?.readableBytes ?? 0) }
}
