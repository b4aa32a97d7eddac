import Sockets

extension StreamFraming {
    /// The findings in bytes of a connection.
    struct Found {
        /// The number of finished bytes.
        var done = 0
        var hasMessages = false
        /// The beginning of the next message is unknown.
        var isBroken = false
    }

    /// Delivers the whole messages.
    mutating func deliver(
        _ bytes: UnsafeRawBufferPointer, from peer: StreamPeer, to consumer: any StreamConsumer
    ) -> Found {
        var found = Found()
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[found.done...])
            let (step, done) = next(in: rest)
            found.done += done
            switch step {
            case .message(let range):
                consumer.take(UnsafeRawBufferPointer(rebasing: rest[range]), from: peer, isWhole: true)
                found.hasMessages = true
            case .fault(let fault):
                consumer.reject(fault, rest, from: peer)
                if fault == .badFrame { found.isBroken = true }
            case .needsMore: return found
            }
        }
    }

    /// Delivers the unfinished bytes when the connection ended.
    mutating func deliverRemainder(
        _ rest: UnsafeRawBufferPointer, from peer: StreamPeer, to consumer: any StreamConsumer
    ) {
        switch end(of: rest) {
        case .message(let range):
            consumer.take(UnsafeRawBufferPointer(rebasing: rest[range]), from: peer, isWhole: false)
        case .fault(let fault): consumer.reject(fault, rest, from: peer)
        case .needsMore: break
        }
    }
}
