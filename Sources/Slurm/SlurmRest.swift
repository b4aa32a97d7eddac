import CCurl
import Glibc
import JSON
import Jobs

/// Job data by slurmrestd, over its unix socket or over TCP with a token (JWT).
public final class SlurmRest: JobSource {
    /// The address of slurmrestd, and our credentials.
    public struct Place: Sendable, Equatable {
        /// `http://HOST:PORT`, `https://HOST:PORT` or `unix:///PATH`.
        public let url: String
        /// `v0.0.38` and so on.
        public let version: String
        /// Sent with the token; nil for the token's own user.
        public let user: String?
        /// A file with the token; nil for the environment variable `SLURM_JWT`.
        public let tokenFile: String?

        public init(url: String, version: String, user: String?, tokenFile: String?) {
            self.url = url
            self.version = version
            self.user = user
            self.tokenFile = tokenFile
        }
    }

    private let place: Place
    private let timeout: Int
    /// Exit codes of ended jobs in the controller's memory: the accounting's interface of 22.05 has no exit codes of
    /// failed jobs.
    private var finished: [JobKey: JobFacts] = [:]

    /// Enough for 10,000 jobs (the controller's own limit, `MaxJobCount`) in the version with the longest answers.
    private static let maximumBytes = 128 << 20

    public init(_ place: Place, timeout: Int) {
        self.place = place
        self.timeout = timeout
    }

    public var name: String { "Slurm" }

    public func isJobID(_ text: String) -> Bool { SlurmText.isJobID(text) }

    public func running() throws(JobSourceError) -> [JobFacts] {
        let document = try get("/slurm/\(place.version)/jobs", keys: RestJobs.queueKeys)
        let known = RestJobs.queue(document)
        finished.removeAll(keepingCapacity: true)
        for facts in known where facts.isFinal {
            finished[JobKey(jobID: facts.jobID, restart: facts.restart)] = facts
        }
        return known.filter { SlurmState.holding.contains($0.state) }
    }

    public func accounted(_ jobs: [String]) throws(JobSourceError) -> [JobFacts] {
        // slurmrestd refuses a comma in a query
        let path = "/slurmdb/\(place.version)/jobs?step=\(jobs.joined(separator: "%2C"))"
        return RestJobs.accounting(try get(path, keys: RestJobs.accountingKeys)).map { facts in
            var facts = facts
            let known = finished[JobKey(jobID: facts.jobID, restart: facts.restart)]
            // the controller's job with this number may be another one
            if facts.exitCode == nil, known?.submit == facts.submit { facts.exitCode = known?.exitCode }
            return facts
        }
    }

    /// Submits a job.
    ///
    /// - Returns: its number.
    public func submit(_ job: BatchJob) throws(JobSourceError) -> String {
        let path = "/slurm/\(place.version)/job/submit"
        let document = try ask(path, keys: [], body: job.request(version: place.version))
        if let number = document.jobNumber, number > 0 { return String(number) }
        let error = document.errors.first
        throw .refused(
            url: place.url + path, status: 200,
            why: error?["description"].text ?? error?["error"].text ?? "the answer has no job number")
    }

    private func get(_ path: String, keys: Set<String>) throws(JobSourceError) -> SlurmDocument {
        try ask(path, keys: keys, body: nil)
    }

    /// - Parameter posted: JSON to post; nil for GET.
    private func ask(_ path: String, keys: Set<String>, body posted: String?) throws(JobSourceError) -> SlurmDocument {
        var socket: String?
        var url = place.url + path
        if let path = socketPath {
            socket = path
            url = "http://localhost" + url.dropFirst(place.url.count)
        }
        var body: [UInt8] = []
        let status = try request(
            url, socket: socket, headers: try headers(isPost: posted != nil), body: posted, into: &body)
        let beginning = Array(body.prefix(200))
        let what = place.url + path.prefix { $0 != "?" }
        let document: SlurmDocument
        do throws(JobSourceError) {
            document = try SlurmDocument(consume body, keys: keys, from: what)
        } catch {
            if status == 200 { throw error }
            // the bodies of a 404 and of a refused token are plain text
            let text = String(decoding: beginning, as: UTF8.self).split(separator: "\n").first.map { String($0) }
            throw .refused(url: what, status: status, why: text ?? "no reason given")
        }
        let isUnknown = document.errors.contains { [2017, 9003].contains($0["error_number"].number) }
        if status == 200 || isUnknown { return document }
        let first = document.errors.first
        throw .refused(
            url: what, status: status,
            why: first?["description"].text ?? first?["error"].text ?? "no reason given")
    }

    private var socketPath: String? {
        place.url.hasPrefix("unix://") ? String(place.url.dropFirst("unix://".count)) : nil
    }

    private func headers(isPost: Bool) throws(JobSourceError) -> [String] {
        var headers = ["Accept: application/json"]
        if isPost { headers.append("Content-Type: application/json") }
        if let user = place.user { headers.append("X-SLURM-USER-NAME: \(user)") }
        if let token = try token() { headers.append("X-SLURM-USER-TOKEN: \(token)") }
        return headers
    }

    /// The token, read again each time, because tokens expire and are replaced.
    private func token() throws(JobSourceError) -> String? {
        guard let path = place.tokenFile else {
            return getenv("SLURM_JWT").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let file = fopen(path, "re") else {
            throw .setting("token_file \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&bytes, 1, bytes.count, file)
        var text = String(decoding: bytes[..<count], as: UTF8.self)[...]
        // the form in which scontrol token prints it
        if text.hasPrefix("SLURM_JWT=") { text = text.dropFirst("SLURM_JWT=".count) }
        let token = text.prefix { !$0.isWhitespace }
        guard !token.isEmpty else { throw .setting("token_file \(path): it contains no token") }
        return String(token)
    }

    private func request(
        _ url: String, socket: String?, headers: [String], body posted: String?, into body: inout [UInt8]
    ) throws(JobSourceError) -> Int {
        var answer = ccurl_answer()
        let list = headers.map { strdup($0) }
        defer { for line in list { free(line) } }
        let pointers = list.map { UnsafePointer($0) } + [nil]
        let code = ccurl_request(url, socket, pointers, posted, timeout, SlurmRest.maximumBytes, &answer)
        defer { ccurl_free(&answer) }
        if answer.is_cut != 0 { throw .tooLong(what: place.url, bytes: SlurmRest.maximumBytes) }
        guard code == 0 else {
            let why = withUnsafeBytes(of: &answer.error) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw .unreachable(url: place.url, why: why)
        }
        body.reserveCapacity(answer.length + JSON.padding)
        body.append(contentsOf: UnsafeRawBufferPointer(start: answer.body, count: answer.length))
        return Int(answer.status)
    }
}
