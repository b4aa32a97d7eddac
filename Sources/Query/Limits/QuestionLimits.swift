import Glibc
import Record
import Store
import SystemClock
import Threads

/// The memory and the time that a question may take.
///
/// A thread of its own looks at both, because a question may spend them anywhere: in the database's answer, in sets in
/// memory, or in the making of the answer.
public struct QuestionLimits: Sendable, Equatable {
    /// Memory of the process, bytes.
    public var bytes: Int
    public var seconds: Int

    public init(bytes: Int, seconds: Int) {
        self.bytes = bytes
        self.seconds = seconds
    }

    /// Watches this process from now on.
    ///
    /// - Parameters:
    ///   - location: the store, in which the name of a job is looked up.
    ///   - exceeded: called once, on another thread, with what was exceeded and where; it ends the process.
    public func watch(_ location: StoreLocation, exceeded: @escaping @Sendable (String) -> Void) {
        let end = steadyMilliseconds() + seconds * 1_000
        startThread("limits") { [self] in
            while true {
                usleep(20_000)
                if residentBytes() > bytes { return exceeded(text("\(bytes >> 20) MiB of memory", location)) }
                if steadyMilliseconds() > end { return exceeded(text("\(seconds) s", location)) }
            }
        }
    }

    private func text(_ limit: String, _ location: StoreLocation) -> String {
        let (day, job) = QuestionProgress.current
        var place = day.map { "; it had come to \(Calendar.text(day: $0))" } ?? ""
        if let job, let name = QuestionLimits.name(of: job, location) {
            place += ", and the job with the most different sets of packages was \(name)"
        }
        return "the question needs more than \(limit)\(place); ask about less, for instance by --since and --until, "
            + "or raise its limit (CUSTOMS_QUESTION_MEMORY_MB, CUSTOMS_QUESTION_SECONDS)"
    }

    /// A job by its number; nil if it cannot be looked up.
    public static func name(of job: Int64, _ location: StoreLocation) -> String? {
        guard let connection = try? location.reader() else { return nil }
        return try? connection.query("SELECT job_id FROM jobs WHERE id = ?", [.integer(job)]).first?[0].text
    }

    /// The process's memory (`proc(5)`, statm); 0 if it cannot be read.
    private func residentBytes() -> Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &text, text.count)
        let words = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
