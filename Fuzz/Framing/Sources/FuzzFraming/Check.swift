import Framing

/// Something found in a stream.
private enum Found: Equatable {
    case message([UInt8])
    case fault(StreamFault)
    case rest([UInt8])
}

/// Reads a stream whole and in pieces, and checks both against the framing's promises. The first byte gives the pieces.
func check(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let stream = [UInt8](input.dropFirst())
    let whole = read(stream) { stream.count }
    var state = UInt32(first) &* 2_654_435_761 | 1
    let pieces = read(stream) {
        state = state &* 1_664_525 &+ 1_013_904_223
        return 1 + Int(state >> 16) % (first < 64 ? 3 : first < 128 ? 300 : 12_000)
    }
    precondition(whole == pieces, "how a stream is cut changes what it comes to")
    var messageBytes = 0
    for case .message(let bytes) in whole {
        precondition(bytes.count <= StreamFraming.maximumMessageBytes, "a message that is too long")
        messageBytes += bytes.count
    }
    precondition(messageBytes <= stream.count, "more than there was")
}

private func read(_ stream: [UInt8], piece: () -> Int) -> [Found] {
    var framing = StreamFraming()
    var kept: [UInt8] = []
    var found: [Found] = []
    var place = 0
    while place < stream.count {
        let next = min(place + piece(), stream.count)
        kept += stream[place..<next]
        let shown = next - place
        place = next
        while true {
            let (step, done) = kept.withUnsafeBytes { framing.next(in: $0) }
            precondition(done <= kept.count, "done with more than was shown")
            switch step {
            case .message(let range):
                precondition(range.upperBound <= done, "a message that is still to come")
                found.append(.message(Array(kept[range])))
            case .fault(let fault): found.append(.fault(fault))
            case .needsMore: break
            }
            kept.removeFirst(done)
            if step == .needsMore { break }
            precondition(done > 0, "stands still")
        }
        precondition(kept.count <= StreamFraming.maximumMessageBytes + 16 || shown == stream.count, "keeps too much")
    }
    switch kept.withUnsafeBytes({ framing.end(of: $0) }) {
    case .message(let range): found.append(.rest(Array(kept[range])))
    case .fault(let fault): found.append(.fault(fault))
    case .needsMore: break
    }
    return found
}
