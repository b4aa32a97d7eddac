import Record

/// The values of members that are arrays and objects.
extension RecordReader {
    /// Takes `{"name": "version" or null, ...}`.
    mutating func readPackages(into record: inout UsageRecord) throws(JSONError) {
        record.packages.removeAll(keepingCapacity: true)
        guard scanner.byte == UInt8(ascii: "{") else { return try skipOther(.packages) }
        var hasMember = try scanner.enter(close: closingBrace, depth: 2)
        while hasMember {
            let name = try scanner.string()
            try scanner.colon()
            var version = TextRange.absent
            if scanner.byte == UInt8(ascii: "\"") {
                version = try scanner.string()
            } else if !scanner.literal(.null) {
                try scanner.skipValue(depth: 2)
                faults.note(.packages, .wrongType)
            }
            if name.isEmpty {
                faults.note(.packages, .badValue)
            } else if record.packages.count < packageLimit {
                record.packages.append(PackageUse(name: name, version: version))
            } else {
                faults.note(.packages, .tooManyPackages)
            }
            hasMember = try scanner.next(close: closingBrace)
        }
    }

    /// Takes `["name", ...]`.
    mutating func readDirect(into record: inout UsageRecord) throws(JSONError) {
        record.direct.removeAll(keepingCapacity: true)
        record.directIsKnown = false
        guard scanner.byte == UInt8(ascii: "[") else { return try skipOther(.direct) }
        record.directIsKnown = true
        var hasElement = try scanner.enter(close: closingBracket, depth: 2)
        while hasElement {
            if scanner.byte == UInt8(ascii: "\"") {
                let name = try scanner.string()
                if name.isEmpty {
                    faults.note(.direct, .badValue)
                } else if record.direct.count < packageLimit {
                    record.direct.append(name)
                } else {
                    faults.note(.direct, .tooManyPackages)
                }
            } else {
                try scanner.skipValue(depth: 2)
                faults.note(.direct, .wrongType)
            }
            hasElement = try scanner.next(close: closingBracket)
        }
    }

    /// Takes `{"run": string, "seq": int, "of": int}`, all of them required.
    mutating func readCanary(into record: inout UsageRecord) throws(JSONError) {
        record.canary = nil
        guard scanner.byte == UInt8(ascii: "{") else { return try skipOther(.canary) }
        var run = TextRange.absent
        var sequence: Int64?
        var of: Int64?
        // The keys of the canary share the sets with those of the record, where their names mean nothing.
        for key in [RecordKey.run, .sequence, .of] {
            given.remove(key)
            faults.clear(key)
        }
        var hasMember = try scanner.enter(close: closingBrace, depth: 2)
        while hasMember {
            let key = try scanner.key(keys)
            try scanner.colon()
            switch key {
            case .run:
                beginMember(key)
                run = try text(key, depth: 2)
                if run.isPresent, run.isEmpty { faults.note(key, .badValue) }
            case .sequence:
                beginMember(key)
                sequence = try integer(key, in: 0...Int64(Int32.max), depth: 2)
            case .of:
                beginMember(key)
                of = try integer(key, in: 1...Int64(Int32.max), depth: 2)
            default: try scanner.skipValue(depth: 2)
            }
            hasMember = try scanner.next(close: closingBrace)
        }
        for key in [RecordKey.run, .sequence, .of] {
            if !given.contains(key) { faults.note(.canary, .missingKey) }
            if let reason = faults[key] { faults.note(.canary, reason) }
            faults.clear(key)
        }
        guard let sequence, let of else { return }
        if sequence > of { faults.note(.canary, .badValue) }
        record.canary = CanaryMark(run: run, sequence: sequence, of: of)
    }

    /// Forgets the value of an earlier member of the same name.
    private mutating func beginMember(_ key: RecordKey) {
        given.insert(key)
        faults.clear(key)
    }
}
