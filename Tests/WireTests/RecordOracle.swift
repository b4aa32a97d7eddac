import Record

/// A record as the contract defines it, worked out from the tree of its JSON: slow, plain, and with nothing in common
/// with the parser under test.
///
/// An accepted record is described by a text for each of its values, so that two descriptions can be compared.
struct RecordOracle {
    /// The members by name, the last of equal names only, without those that are null.
    private var members: [String: JSONValue] = [:]
    private var description: [String: String] = [:]

    static func describe(_ bytes: [UInt8]) -> Result<[String: String], Rejected> {
        do throws(OracleError) {
            guard case .object(let members) = try JSONOracle.parse(bytes) else {
                return .failure(Rejected(reason: .noRecord))
            }
            var oracle = RecordOracle()
            do throws(Rejected) {
                return .success(try oracle.describe(members))
            } catch {
                return .failure(error)
            }
        } catch {
            let isEmpty = bytes.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            switch error {
            case .notUTF8: return .failure(Rejected(reason: .notUTF8))
            case .notJSON: return .failure(Rejected(reason: isEmpty ? .empty : .badJSON))
            case .tooDeep: return .failure(Rejected(reason: .tooDeep))
            }
        }
    }

    private mutating func describe(_ all: [JSONValue.Member]) throws(Rejected) -> [String: String] {
        for member in all {
            members[member.name] = member.value == .null ? nil : member.value
        }
        let isLegacy = members["v"] == nil
        var known = Set(texts + naturals.map(\.self) + booleans)
        known.formUnion(["v", "id", "packages", "event_timestamp", "elapsed", "uid", "direct", "end", "canary"])
        known.formUnion(["part", "parts"])
        if isLegacy {
            guard let service = members["service"] else { throw Rejected(reason: .missingKey) }
            guard service == .string("Python") else { throw Rejected(reason: .otherService) }
            known.formUnion(["service", "subservice", "version", "user", "hostname"])
            guard members["subservice"] != nil else { throw Rejected(reason: .missingKey) }
        } else {
            try checkVersion()
            guard members["id"] != nil, members["packages"] != nil else { throw Rejected(reason: .missingKey) }
        }
        for key in order where members[key] != nil {
            try describe(key, isLegacy: isLegacy)
        }
        if isLegacy {
            try describeLegacy()
        } else {
            try checkParts()
        }
        description["unknown"] = String(all.count { !known.contains($0.name) })
        return description
    }

    /// The keys in the order of the contract's table, the required ones first: the reject reason names the first wrong
    /// one.
    private let order = [
        "id", "packages", "event_timestamp", "elapsed", "host", "pid", "ppid", "username", "uid", "executable",
        "prefix", "python", "implementation", "main", "direct", "end", "is_compute", "is_shifter", "is_staff",
        "container", "system", "subsystem", "cluster", "job_id", "step_id", "array_job_id", "array_task_id",
        "het_group", "restart", "num_nodes", "num_tasks", "rank", "qos", "repo", "partition", "canary", "part", "parts",
        "service", "subservice", "version", "user", "hostname",
    ]
    private let texts = [
        "host", "username", "executable", "prefix", "python", "implementation", "main", "container", "system",
        "subsystem", "cluster", "job_id", "step_id", "qos", "repo", "partition",
    ]
    private let naturals = [
        "pid", "ppid", "array_job_id", "array_task_id", "het_group", "restart", "num_nodes", "num_tasks", "rank",
    ]
    private let booleans = ["is_compute", "is_shifter", "is_staff"]

    private func checkVersion() throws(Rejected) {
        guard case .number(let text)? = members["v"], isInteger(text) else { throw Rejected(reason: .wrongType) }
        guard text == "1" else { throw Rejected(reason: .unknownVersion) }
    }

    private func checkParts() throws(Rejected) {
        guard let part = description["part"].flatMap({ Int($0) }) else {
            if description["parts"] != nil { throw Rejected(reason: .badValue) }
            return
        }
        guard let parts = description["parts"].flatMap({ Int($0) }), part <= parts else {
            throw Rejected(reason: .badValue)
        }
    }

    private mutating func describe(_ key: String, isLegacy: Bool) throws(Rejected) {
        guard let value = members[key] else { return }
        switch key {
        case "id", "packages", "part", "parts", "service":
            if !isLegacy { try describeIdentity(key, value) }
        case "subservice", "version", "user", "hostname":
            if isLegacy { description[key] = try text(value) }
        case "event_timestamp":
            guard let time = plainTime(try text(value)) else { throw Rejected(reason: .badTimestamp) }
            description[key] = String(time)
        case "elapsed":
            guard case .number(let number) = value else { throw Rejected(reason: .wrongType) }
            guard let seconds = Double(number), seconds.isFinite, seconds >= 0 else {
                throw Rejected(reason: .badValue)
            }
            // To ten digits: the parser may be some units in the last place off.
            description[key] = rounded(seconds)
        case "uid": description[key] = try integer(value, 0...4_294_967_295)
        case "direct": description[key] = try direct(value)
        case "end":
            let word = try text(value)
            guard ["exit", "exception", "signal", "killed", "running"].contains(word) else {
                throw Rejected(reason: .badValue)
            }
            description[key] = word
        case "canary": description[key] = try canary(value)
        default:
            if texts.contains(key) {
                description[key] = try text(value)
            } else if booleans.contains(key) {
                guard case .bool(let flag) = value else { throw Rejected(reason: .wrongType) }
                description[key] = String(flag)
            } else {
                description[key] = try integer(value, 0...2_147_483_647)
            }
        }
    }

    private mutating func describeIdentity(_ key: String, _ value: JSONValue) throws(Rejected) {
        switch key {
        case "id":
            let digits = try text(value)
            guard digits.utf8.count == 32, digits.unicodeScalars.allSatisfy(isHexDigit) else {
                throw Rejected(reason: .badValue)
            }
            description[key] = digits.lowercased()
        case "packages": description[key] = try packages(value)
        case "part", "parts": description[key] = try integer(value, 1...64)
        default: break
        }
    }

    private mutating func describeLegacy() throws(Rejected) {
        guard let library = description["subservice"], !library.isEmpty else { throw Rejected(reason: .badValue) }
        description["id"] = String(repeating: "0", count: 32)
        description["packages"] = "\(library)=\(description["version"] ?? "-");"
        description["username"] = description["username"] ?? description["user"]
        description["host"] = description["host"] ?? description["hostname"]
        for key in ["subservice", "version", "user", "hostname"] { description[key] = nil }
        description["legacy"] = "true"
    }

    private func text(_ value: JSONValue) throws(Rejected) -> String {
        guard case .string(let text) = value else { throw Rejected(reason: .wrongType) }
        return text
    }

    private func integer(_ value: JSONValue, _ range: ClosedRange<Int64>) throws(Rejected) -> String {
        guard case .number(let text) = value, isInteger(text) else { throw Rejected(reason: .wrongType) }
        guard let number = Int64(text), range.contains(number) else { throw Rejected(reason: .badValue) }
        return String(number)
    }

    private func packages(_ value: JSONValue) throws(Rejected) -> String {
        guard case .object(let members) = value else { throw Rejected(reason: .wrongType) }
        var list = ""
        for member in members {
            // The version is read before the name is judged.
            let version = member.value == .null ? "-" : try text(member.value)
            guard !member.name.isEmpty else { throw Rejected(reason: .badValue) }
            list += "\(member.name)=\(version);"
        }
        return list
    }

    private func direct(_ value: JSONValue) throws(Rejected) -> String {
        guard case .array(let elements) = value else { throw Rejected(reason: .wrongType) }
        var list = ""
        for element in elements {
            let name = try text(element)
            guard !name.isEmpty else { throw Rejected(reason: .badValue) }
            list += "\(name);"
        }
        return list
    }

    private func canary(_ value: JSONValue) throws(Rejected) -> String {
        guard case .object(let all) = value else { throw Rejected(reason: .wrongType) }
        var members: [String: JSONValue] = [:]
        for member in all { members[member.name] = member.value == .null ? nil : member.value }
        guard let run = members["run"] else { throw Rejected(reason: .missingKey) }
        let name = try text(run)
        guard !name.isEmpty else { throw Rejected(reason: .badValue) }
        guard let seq = members["seq"] else { throw Rejected(reason: .missingKey) }
        let sequence = try integer(seq, 0...2_147_483_647)
        guard let of = members["of"] else { throw Rejected(reason: .missingKey) }
        let total = try integer(of, 1...2_147_483_647)
        guard let first = Int64(sequence), let last = Int64(total), first <= last else {
            throw Rejected(reason: .badValue)
        }
        return "\(name) \(sequence)/\(total)"
    }
}

/// The description of the record that the parser made.
func describe(_ record: UsageRecord) -> [String: String] {
    var description: [String: String] = [:]
    let texts: [(String, TextField)] = [
        ("host", .host), ("username", .username), ("executable", .executable), ("prefix", .prefix),
        ("python", .python), ("implementation", .implementation), ("main", .main), ("container", .container),
        ("system", .system), ("subsystem", .subsystem), ("cluster", .cluster), ("job_id", .jobID),
        ("step_id", .stepID), ("qos", .qos), ("repo", .account), ("partition", .partition),
    ]
    for (key, field) in texts { description[key] = record.string(field) }
    let integers: [(String, Int64?)] = [
        ("event_timestamp", record.eventTime), ("pid", record.pid), ("ppid", record.ppid), ("uid", record.uid),
        ("array_job_id", record.arrayJobID), ("array_task_id", record.arrayTaskID), ("het_group", record.hetGroup),
        ("restart", record.restart), ("num_nodes", record.numNodes), ("num_tasks", record.numTasks),
        ("rank", record.rank), ("part", record.part), ("parts", record.parts),
    ]
    for (key, value) in integers { description[key] = value.map { String($0) } }
    description["is_compute"] = record.isCompute.map { String($0) }
    description["is_shifter"] = record.isShifter.map { String($0) }
    description["is_staff"] = record.isStaff.map { String($0) }
    description["elapsed"] = record.elapsed.map(rounded)
    description["end"] = record.end?.name
    description["id"] = hexadecimal(record.id.high) + hexadecimal(record.id.low)
    description["packages"] = record.packages.reduce(into: "") {
        $0 += "\(record.string($1.name) ?? "?")=\(record.string($1.version) ?? "-");"
    }
    if record.directIsKnown {
        description["direct"] = record.direct.reduce(into: "") { $0 += "\(record.string($1) ?? "?");" }
    }
    if let canary = record.canary {
        description["canary"] = "\(record.string(canary.run) ?? "?") \(canary.sequence)/\(canary.of)"
    }
    if record.isLegacy { description["legacy"] = "true" }
    description["unknown"] = String(record.unknownKeys)
    return description
}

private func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}

private func isHexDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.isASCII && Character(scalar).isHexDigit }

private func isInteger(_ number: String) -> Bool { number.utf8.allSatisfy { $0 != 0x2E && $0 | 0x20 != 0x65 } }

/// A number to ten significant digits.
private func rounded(_ value: Double) -> String {
    guard value > 0 else { return "0" }
    let text = String(value)
    let parts = text.split(separator: "e")
    guard let mantissa = parts.first.flatMap({ Double($0) }) else { return text }
    var scaled = mantissa
    var power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    while scaled >= 10 {
        scaled /= 10
        power += 1
    }
    while scaled < 1 {
        scaled *= 10
        power -= 1
    }
    return "\(Int64((scaled * 1e9).rounded()))e\(power)"
}

/// A time of RFC 3339 in microseconds since 1970 UTC, found by counting days one after the other.
private func plainTime(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
        guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(String(decoding: bytes[range], as: UTF8.self))
    }
    func isByte(_ index: Int, _ choices: String) -> Bool {
        index < bytes.count && choices.utf8.contains(bytes[index])
    }
    guard isByte(4, "-"), isByte(7, "-"), isByte(10, "Tt "), isByte(13, ":"), isByte(16, ":"),
        let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
        let minute = number(14..<16), let second = number(17..<19)
    else { return nil }
    var rest = 19
    var micros = ""
    if isByte(rest, ".") {
        rest += 1
        while isByte(rest, "0123456789") {
            micros += String(decoding: [bytes[rest]], as: UTF8.self)
            rest += 1
        }
        guard !micros.isEmpty else { return nil }
    }
    var east = 0
    if isByte(rest, "+-") {
        guard bytes.count == rest + 6, isByte(rest + 3, ":"), let hours = number(rest + 1..<rest + 3),
            let minutes = number(rest + 4..<rest + 6), hours < 24, minutes < 60
        else { return nil }
        east = (hours * 60 + minutes) * (isByte(rest, "-") ? -60 : 60)
    } else {
        guard bytes.count == rest + 1, isByte(rest, "Zz") else { return nil }
    }
    func lengths(_ year: Int) -> [Int] {
        let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    }
    guard month >= 1, month <= 12, day >= 1, day <= lengths(year)[month - 1], hour < 24, minute < 60, second <= 60,
        year >= 1990, year <= 2160
    else { return nil }
    var days = day - 1
    for earlier in 1970..<year { days += lengths(earlier).reduce(0, +) }
    days += lengths(year)[..<(month - 1)].reduce(0, +)
    var micro = Int(String((micros + "000000").prefix(6))) ?? 0
    if second == 60 { micro = 999_999 }
    let time = (days * 86_400 + hour * 3_600 + minute * 60 + min(second, 59) - east) * 1_000_000 + micro
    let isAccepted = time >= 946_684_800_000_000 && time < 5_680_281_600_000_000
    return isAccepted ? Int64(time) : nil
}
