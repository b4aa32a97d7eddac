import Record
import Testing
import Wire

/// The parser against two slow oracles, on records that have been damaged at random.
@Suite struct MutationTests {
    @Test("agrees with the oracles on 200,000 damaged records", arguments: 0..<4)
    func agreesWithOracles(worker: Int) {
        var random = SplitMix64(state: UInt64(worker))
        var reading = Reading()
        var outcomes: [String: Int] = [:]
        var disagreements = 0
        for _ in 0..<50_000 {
            var json = Array(seeds.randomElement(using: &random) ?? "").flatMap { Array($0.utf8) }
            for _ in 0..<Int.random(in: 1...3, using: &random) { damage(&json, using: &random) }
            let expected = RecordOracle.describe(json)
            let found: Result<[String: String], Rejected>
            if let reason = reading.parse(record: json) {
                found = .failure(Rejected(reason: reason))
            } else {
                found = .success(describe(reading.record))
            }
            switch found {
            case .success: outcomes["accepted", default: 0] += 1
            case .failure(let rejected): outcomes[rejected.reason.rawValue, default: 0] += 1
            }
            if !areSame(found, expected) {
                disagreements += 1
                if disagreements <= 5 {
                    Issue.record("\(String(decoding: json, as: UTF8.self))\nfound \(found)\nexpected \(expected)")
                }
            }
        }
        #expect(disagreements == 0)
        // Damage that always broke the syntax would prove little.
        for outcome in ["accepted", "bad_json", "not_utf8", "wrong_type", "bad_value", "missing_key"] {
            #expect(outcomes[outcome, default: 0] > 100, "\(outcomes)")
        }
    }

    /// Compares texts byte by byte: strings that are canonically equivalent are equal in Swift.
    private func areSame(
        _ left: Result<[String: String], Rejected>, _ right: Result<[String: String], Rejected>
    ) -> Bool {
        switch (left, right) {
        case (.success(let left), .success(let right)):
            left.mapValues { Array($0.utf8) } == right.mapValues { Array($0.utf8) }
        case (.failure(let left), .failure(let right)): left == right
        default: false
        }
    }

    private func damage(_ json: inout [UInt8], using random: inout SplitMix64) {
        guard !json.isEmpty else { return }
        let position = Int.random(in: 0..<json.count, using: &random)
        let length = Int.random(in: 1...min(24, json.count - position), using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: json[position] = UInt8.random(in: 0...255, using: &random)
        case 1: json[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: json[position] = telling.randomElement(using: &random) ?? 0
        case 3: json.insert(telling.randomElement(using: &random) ?? 0, at: position)
        case 4: json.removeSubrange(position..<position + length)
        case 5: json.insert(contentsOf: json[position..<position + length], at: position)
        case 6: json.removeSubrange(position...)
        case 7: replaceValue(in: &json, near: position, using: &random)
        default: json.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: position)
        }
    }

    /// Puts another value after the first colon after `position`: most such records are still JSON.
    private func replaceValue(in json: inout [UInt8], near position: Int, using random: inout SplitMix64) {
        guard let colon = json[position...].firstIndex(of: UInt8(ascii: ":")),
            let stop = json[colon...].firstIndex(where: { [UInt8(ascii: ","), UInt8(ascii: "}")].contains($0) })
        else { return }
        json.replaceSubrange(colon + 1..<stop, with: Array((values.randomElement(using: &random) ?? "").utf8))
    }
}

/// Bytes with a meaning in JSON.
private let telling =
    Array("{}[]:,\"\\u0123456789-+.eEtrufalsn \n\t/'\u{0}\u{1F}".utf8) + [0x80, 0xC0, 0xED, 0xF4, 0xFF]

private let values = [
    "null", "true", "false", "0", "-1", "1", "1.5", "1e400", "2147483648", "4294967295", "99999999999999999999",
    "\"\"", "\"a\"", "\"\\u0000\"", "[]", "{}", "[\"a\",null]", "{\"a\":1}", "{\"run\":\"r\",\"seq\":1,\"of\":2}",
    "\"exit\"", "\"2026-02-29T00:00:00Z\"", "\"2028-02-29T23:59:60.5+23:59\"", "65", "-0", "0.1", "1E-400",
]

private let pieces = [
    "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0000", "\\\"", "\\n", "\u{E9}", "\u{20AC}", "\u{1F600}", "  ", "\r\n",
    ",\"v\":2", ",\"pid\":null", ",\"host\":\"again\"", ",\"service\":\"Python\"", "\"\":", "[[[", "]]]", "\u{FEFF}",
]

private let seeds = [
    """
    {"v":1,"id":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","event_timestamp":"2026-11-21T04:13:00.123456Z",\
    "elapsed":12.345678,"host":"nid001234","pid":123456,"ppid":1,"username":"someuser","uid":50123,\
    "executable":"/opt/python/3.11/bin/python3.11","prefix":"/opt/python/3.11","python":"3.11.7",\
    "implementation":"cpython","main":"/home/s/someuser/train.py",\
    "packages":{"numpy":"1.26.4","scipy":"1.12.0","matplotlib":null,"torch":"2.2.0+cu121"},\
    "direct":["numpy","torch"],"end":"exit","is_compute":true,"is_shifter":false,"is_staff":false,\
    "container":"shifter","system":"perlmutter","subsystem":"gpu","cluster":"perlmutter","job_id":"21345678",\
    "step_id":"0","array_job_id":21345670,"array_task_id":8,"het_group":0,"restart":1,"num_nodes":128,\
    "num_tasks":4096,"rank":0,"qos":"regular","repo":"m1234","partition":"gpu_ss11","part":1,"parts":3}
    """,
    """
    { "packages" : { "a" : "1" , "b" : null } , "id" : "ABCDEFabcdef00112233445566778899" , "v" : 1 ,
      "host" : "\\u00e9\\ud83d\\ude00\u{E9}", "x" : [ 1, { "y" : [ ] , "z" : -0.5e+3 } ], "run": 3, "version": {} }
    """,
    """
    {"v":1,"id":"00000000000000000000000000000001","packages":{},"canary":{"run":"c-1","seq":7,"of":48,"k":[]},\
    "end":"running","elapsed":0.30000000000000004,"event_timestamp":"2026-11-21t06:13:00+02:00"}
    """,
    """
    {"service":"Python","subservice":"numpy","version":"1.19.2","user":"someuser","hostname":"nid00012",\
    "is_compute":true,"job_id":"33445566","num_nodes":4,"qos":"debug","timestamp":"x"}
    """,
]
