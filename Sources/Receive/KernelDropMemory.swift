import Glibc

/// A file with the numbers of kernel drops that were counted, for sockets that outlive the daemon.
///
/// The kernel counts a socket's drops from the socket's beginning. A socket that the service manager holds is older
/// than the daemon, and drops that an earlier daemon counted must not be counted again. The file has a line for each
/// socket, under the kernel's number of it. A line has a fixed length and is written in its place, so a receiver needs
/// one call. If a receiver is killed between counting and this call, the drops of one batch are counted again.
public final class KernelDropMemory: Sendable {
    private let descriptor: Int32
    private let bootID: String
    private let lines: [UInt64: Int]
    private let counts: [UInt64: UInt32]

    /// Reads the file and writes it anew for these sockets. If that fails, nothing is remembered; nothing else fails.
    public init(path: String, cookies: [UInt64]) {
        bootID = KernelDropMemory.text(of: "/proc/sys/kernel/random/boot_id").filter { $0 != "\n" }
        var counts: [UInt64: UInt32] = [:]
        for line in KernelDropMemory.text(of: path).split(separator: "\n") {
            let words = line.split(separator: " ")
            // the kernel's numbers start again at each boot
            guard words.count == 3, words[0] == bootID, let cookie = UInt64(words[1], radix: 16),
                let count = UInt32(words[2], radix: 16), cookies.contains(cookie)
            else { continue }
            counts[cookie] = count
        }
        self.counts = counts
        lines = Dictionary(cookies.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let fresh = path + ".new"
        descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let isWritten = cookies.allSatisfy { write(counts[$0] ?? 0, of: $0) }
        if descriptor < 0 || !isWritten || rename(fresh, path) != 0 { unlink(fresh) }
    }

    deinit { close(descriptor) }

    /// The number of a socket's drops that an earlier daemon has counted.
    package func counted(of cookie: UInt64) -> UInt32 { counts[cookie] ?? 0 }

    /// Notes how many of a socket's drops are counted now.
    package func note(_ count: UInt32, of cookie: UInt64) { _ = write(count, of: cookie) }

    private func write(_ count: UInt32, of cookie: UInt64) -> Bool {
        guard let place = lines[cookie], cookie != 0 else { return true }
        var line = "\(bootID) \(hexadecimal(cookie, digits: 16)) \(hexadecimal(UInt64(count), digits: 8))\n"
        return line.withUTF8 { pwrite(descriptor, $0.baseAddress, $0.count, off_t(place * $0.count)) == $0.count }
    }

    private func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// The beginning of a small file; empty if it cannot be read.
    private static func text(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}
