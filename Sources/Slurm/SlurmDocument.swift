import JSON
import Jobs

/// An answer of slurmrestd. It keeps only the jobs and the errors, and of jobs only the wanted members.
package struct SlurmDocument {
    let jobs: [JSON]
    let errors: [JSON]
    /// The number of a job that was submitted.
    let jobNumber: Int64?

    /// - Parameters:
    ///   - keys: the members of a job that are kept.
    ///   - what: names the answer in errors.
    /// - Throws: `JobSourceError.unreadable` for text that is not JSON (RFC 8259) or not an object.
    package init(_ bytes: consuming [UInt8], keys: Set<String>, from what: String) throws(JobSourceError) {
        let answer: JSON
        do throws(JSONReadError) {
            answer = try JSON(bytes, selecting: JSONSelection(["jobs": keys, "errors": nil, "job_id": nil]))
        } catch {
            switch error {
            case .tooDeep: throw .unreadable(what: what, why: "it nests too deep")
            case .syntax: throw .unreadable(what: what, why: "it is not JSON")
            }
        }
        jobs = answer["jobs"].elements
        errors = answer["errors"].elements
        jobNumber = answer["job_id"].number
    }
}

/// Reads slurmrestd's forms of values.
extension JSON {
    /// The number, written plainly or, from version 0.0.39 on, as `{"set": true, "infinite": false, "number": 5}`.
    var number: Int64? {
        switch self {
        case .integer(let value): return value
        case .real(let value): return Int64(exactly: value.rounded())
        // version 0.0.38 writes job ids in lists as text
        case .text(let value): return Int64(value)
        case .object:
            if self["set"] == .bool(false) || self["infinite"] == .bool(true) { return nil }
            return self["number"].number
        default: return nil
        }
    }

    /// The text; nil if it is empty or a word for "no value".
    var text: String? {
        if case .text(let value) = self { SlurmText.value(value) } else { nil }
    }

    /// One text, or a list of them.
    var words: [String] {
        switch self {
        case .text(let value): [value]
        case .array(let values): values.compactMap { if case .text(let value) = $0 { value } else { nil } }
        default: []
        }
    }
}
