import Record
import Testing
import Wire

/// The times of records and of headers.
@Suite struct TimestampTests {
    @Test(
        "times that are accepted",
        arguments: [
            ("2026-11-21T04:13:00Z", "2026-11-21T04:13:00Z"),
            ("2026-11-21t04:13:00z", "2026-11-21T04:13:00Z"),
            ("2026-11-21 04:13:00Z", "2026-11-21T04:13:00Z"),
            ("2026-11-21T04:13:00+00:00", "2026-11-21T04:13:00Z"),
            ("2026-11-21T04:13:00-00:00", "2026-11-21T04:13:00Z"),
            ("2026-11-21T06:13:00+02:00", "2026-11-21T04:13:00Z"),
            ("2026-11-20T18:43:00-09:30", "2026-11-21T04:13:00Z"),
            ("2026-11-21T04:13:00+23:59", "2026-11-20T04:14:00Z"),
            ("2026-11-21T04:13:00.1Z", "2026-11-21T04:13:00.100000Z"),
            ("2026-11-21T04:13:00.123Z", "2026-11-21T04:13:00.123000Z"),
            ("2026-11-21T04:13:00.123456Z", "2026-11-21T04:13:00.123456Z"),
            ("2026-11-21T04:13:00.1234569+01:00", "2026-11-21T03:13:00.123456Z"),
            ("2026-11-21T04:13:00.00000000000000000000000000000000000001Z", "2026-11-21T04:13:00Z"),
            ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
            ("1999-12-31T23:00:00-01:00", "2000-01-01T00:00:00Z"),
            ("2149-12-31T23:59:59.999999Z", "2149-12-31T23:59:59.999999Z"),
            ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
            ("2000-02-29T12:00:00Z", "2000-02-29T12:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
            ("2016-12-31T23:59:60.75Z", "2016-12-31T23:59:59.999999Z"),
            ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:59.999999Z"),
            ("2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z"),
        ]) func accepted(text: String, time: String) throws
    {
        let found = try WireTests.accepted(record("\"event_timestamp\":\"\(text)\"")).eventTime
        #expect(found.map { Calendar.text(microseconds: $0) } == time)
    }

    @Test(
        "texts that are no time, or none that can be",
        arguments: [
            "", "now", "2026", "2026-11-21", "2026-11-21T04:13", "2026-11-21T04:13:00", "2026-11-21T04:13Z",
            "2026-11-21T04:13:00.Z", "2026-11-21T04:13:00,5Z", "2026-11-21T04:13:00 Z", "2026-11-21T04:13:00Z ",
            " 2026-11-21T04:13:00Z", "2026-11-21T04:13:00Zx", "2026-11-21T04:13:00ZZ", "2026-11-21T04:13:00+01",
            "2026-11-21T04:13:00+0100", "2026-11-21T04:13:00+01:0", "2026-11-21T04:13:00+01:000",
            "2026-11-21T04:13:00+24:00", "2026-11-21T04:13:00+01:60", "2026-11-21T04:13:00*01:00",
            "2026-11-21T04:13:00+01-00", "2026-00-21T04:13:00Z", "2026-13-21T04:13:00Z", "2026-11-00T04:13:00Z",
            "2026-11-31T04:13:00Z", "2026-02-29T04:13:00Z", "2100-02-29T04:13:00Z", "2026-11-21T24:00:00Z",
            "2026-11-21T04:60:00Z", "2026-11-21T04:13:61Z", "2026-11-21T4:13:00Z", "2026-1-21T04:13:00Z",
            "26-11-21T04:13:00Z", "2026/11/21T04:13:00Z", "2026-11-21X04:13:00Z", "2026-11-21T04-13-00Z",
            "20261121T041300Z", "+2026-11-21T04:13:00Z", "-026-11-21T04:13:00Z", "2026-W47-6T04:13:00Z",
            "1999-12-31T23:59:59Z", "2000-01-01T00:00:00+00:01", "1970-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
            "2150-01-01T00:00:00Z", "2149-12-31T23:59:59-00:01", "9999-12-31T23:59:59Z", "1795234380",
            "2026-11-21T04:13:0\\u0000Z", "\u{FF12}026-11-21T04:13:00Z",
        ]) func refused(text: String)
    {
        #expect(reason(record("\"event_timestamp\":\"\(text)\"")) == .badTimestamp)
    }

    @Test("a time of another type", arguments: ["1795234380", "1795234380.5", "true", "[]", "{}"])
    func otherType(value: String) {
        #expect(reason(record("\"event_timestamp\":\(value)")) == .wrongType)
    }

    @Test("every day from 2000 to 2149") func everyDay() throws {
        var reading = Reading()
        var expected: Int64 = 946_684_800_000_000
        for year in 2000...2149 {
            let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            for (index, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                for day in 1...length {
                    let date = [index + 1, day].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
                    let json = record("\"event_timestamp\":\"\(year)-\(date)T00:00:00Z\"")
                    #expect(
                        reading.parse(record: json) == nil && reading.record.eventTime == expected, "\(year)-\(date)")
                    expected += 86_400_000_000
                }
            }
        }
    }

    @Test(
        "the time of an RFC 3164 header takes the latest year that puts it not more than a day ahead",
        arguments: [
            ("Nov 21 04:13:00", "2026-11-21T04:13:00Z", "2026-11-21T04:13:00Z"),
            ("Nov  1 04:13:00", "2026-11-21T04:13:00Z", "2026-11-01T04:13:00Z"),
            ("Nov 1 04:13:00", "2026-11-21T04:13:00Z", "2026-11-01T04:13:00Z"),
            ("Nov 01 04:13:00", "2026-11-21T04:13:00Z", "2026-11-01T04:13:00Z"),
            ("Nov 21 04:13:00.250", "2026-11-21T04:13:00Z", "2026-11-21T04:13:00.250000Z"),
            // an archive of last winter and spring
            ("Dec  5 10:00:00", "2026-11-29T04:00:00Z", "2025-12-05T10:00:00Z"),
            ("Apr 10 10:00:00", "2026-11-29T04:00:00Z", "2026-04-10T10:00:00Z"),
            ("Nov 30 04:00:00", "2026-11-29T04:00:00Z", "2026-11-30T04:00:00Z"),
            ("Nov 30 04:00:01", "2026-11-29T04:00:00Z", "2025-11-30T04:00:01Z"),
            ("Dec 31 23:59:58", "2027-01-01T00:00:01Z", "2026-12-31T23:59:58Z"),
            ("Jan  1 00:00:05", "2026-12-31T23:59:59Z", "2027-01-01T00:00:05Z"),
            ("Jan  1 00:00:00", "2026-07-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("Dec 31 00:00:00", "2026-07-03T00:00:00Z", "2025-12-31T00:00:00Z"),
            ("Feb 29 12:00:00", "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2024-02-28T11:59:59Z", "2020-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2027-11-01T00:00:00Z", "2024-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2103-11-01T00:00:00Z", "2096-02-29T12:00:00Z"),
            ("Jan  1 00:00:00", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
            ("Dec 31 00:00:00", "2149-12-31T00:00:00Z", "2149-12-31T00:00:00Z"),
            // some devices write the year
            ("Nov 28 2024 23:00:00", "2026-11-29T04:00:00Z", "2024-11-28T23:00:00Z"),
            ("Nov  8 2027 23:00:00.5", "2026-11-29T04:00:00Z", "2027-11-08T23:00:00.500000Z"),
        ]) func latestYear(text: String, arrival: String, time: String) throws
    {
        let arrival = try #require(
            try WireTests.accepted(record("\"event_timestamp\":\"\(arrival)\"")).eventTime)
        var reading = Reading()
        let found = reading.parse(message: "<134>\(text) host customs[1]: \(record())", arrival: arrival)
        guard case .accepted(let headerTime, _) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(headerTime.map { Calendar.text(microseconds: $0) } == time)
    }

    @Test(
        "a year that is named is the latest that a time may be of",
        arguments: [
            ("Dec  5 10:00:00", 2019, "2019-12-05T10:00:00Z"), ("Jan  5 10:00:00", 2019, "2019-01-05T10:00:00Z"),
            ("Feb 29 10:00:00", 2020, "2020-02-29T10:00:00Z"), ("Feb 29 10:00:00", 2019, "2016-02-29T10:00:00Z"),
            // not yet
            ("Dec  5 10:00:00", 2026, "2025-12-05T10:00:00Z"), ("Dec  5 10:00:00", 2140, "2025-12-05T10:00:00Z"),
            ("Dec  5 2018 10:00:00", 2019, "2018-12-05T10:00:00Z"),
        ]) func namedYear(text: String, year: Int, time: String)
    {
        var reading = Reading(parser: MessageParser(lastYear: year))
        guard case .accepted(let found, _) = reading.parse(message: "<134>\(text) host customs[1]: \(record())") else {
            Issue.record("not accepted")
            return
        }
        #expect(found.map { Calendar.text(microseconds: $0) } == time)
    }

    @Test("every month has its name") func months() {
        var reading = Reading()
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        for (index, name) in names.enumerated() {
            let found = reading.parse(message: "<134>\(name) 10 01:02:03 host customs: \(record())")
            guard case .accepted(let time?, _) = found else {
                Issue.record("\(name): \(found)")
                continue
            }
            let month = index < 9 ? "0\(index + 1)" : "\(index + 1)"
            // the arrival is on November 21st
            let year = index < 11 ? 2026 : 2025
            #expect(Calendar.text(microseconds: time) == "\(year)-\(month)-10T01:02:03Z")
        }
    }

    @Test("an arrival out of all measure harms nothing", arguments: [Int64.min, -1, 0, 1, Int64.max])
    func absurdArrival(arrival: Int64) {
        var reading = Reading()
        let found = reading.parse(message: "<134>Nov 21 04:13:00 host customs: \(record())", arrival: arrival)
        guard case .accepted(let time, _) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(time != nil)
    }

    @Test(
        "a header's time that makes no sense is as none",
        arguments: [
            "<134>1 1970-01-01T00:00:00Z h a 1 - - ", "<134>1 yesterday h a 1 - - ", "<134>1 - h a 1 - - ",
            "<134>Feb 30 04:13:00 h a: ", "<134>1999-12-31T23:59:59Z h a: ", "<134>2026-11-21 h a: ",
        ]) func headerWithoutTime(header: String)
    {
        var reading = Reading()
        let count = header.utf8.count
        let expected = ParsedMessage.accepted(headerTime: nil, json: count..<count + record().utf8.count)
        #expect(reading.parse(message: header + record()) == expected)
    }
}
