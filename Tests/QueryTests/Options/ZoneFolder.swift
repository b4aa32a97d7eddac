import Glibc
import Record
import Testing

/// A time zone database with files of the test's own.
final class ZoneFolder {
    let path: String
    private var files: [String] = []

    init(_ zones: [String: [UInt8]]) throws {
        var template = Array("/tmp/zones-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? ""
        mkdir("\(path)/Test", 0o755)
        for (name, bytes) in zones {
            let file = try #require(fopen("\(path)/\(name)", "w"))
            fwrite(bytes, 1, bytes.count, file)
            fclose(file)
            files.append("\(path)/\(name)")
        }
    }

    deinit {
        for file in files { unlink(file) }
        rmdir("\(path)/Test")
        rmdir(path)
    }

    /// Local time until 1980, then the summer of 2020 alone, and then a rule (RFC 9636, section 3).
    static func berlin(rule: String) -> [UInt8] {
        let times = [(1_980, 1, 1, 0), (2_020, 3, 29, 3_600), (2_020, 10, 25, 3_600)].map { year, month, day, second in
            Int64(Calendar.days(year: year, month: month, day: day)) * 86_400 + Int64(second)
        }
        let types: [UInt8] = [1, 2, 1]
        let offsets: [Int64] = [53 * 60, 3_600, 7_200]
        func number(_ value: Int64, _ width: Int) -> [UInt8] {
            (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> Int64($0 * 8)) }
        }
        func block(_ width: Int) -> [UInt8] {
            var bytes = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
            for count in [0, 0, 0, times.count, offsets.count, 4] { bytes += number(Int64(count), 4) }
            bytes += times.flatMap { number($0, width) } + types
            bytes += offsets.flatMap { number($0, 4) + [0, 0] }
            return bytes + Array("CET\0".utf8)
        }
        return block(4) + block(8) + Array("\n\(rule)\n".utf8)
    }
}
