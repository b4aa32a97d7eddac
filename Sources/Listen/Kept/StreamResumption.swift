import CStream

extension StreamMemory {
    /// Finds the state in which the previous process left a connection; nil if that is unknown.
    ///
    /// - Returns: the connection and, if it was at its turn, the number of its bytes in the room for turns.
    func resume(
        _ kept: KeptConnection, _ cookie: UInt64, consumer: any StreamConsumer
    ) -> (StreamConnection, unfinished: Int?)? {
        var position: UInt64 = 0
        guard stream_position(kept.descriptor, &position) == 0 else { return nil }
        let known = place(of: cookie)
        if let known, let turn = unfinishedTurn(cookie, position: position) {
            let connection = StreamConnection(
                kept, cookie: cookie, place: known, position: position, behind: turn.passedOver, consumer: consumer)
            return (connection, turn.count)
        }
        // an unread connection may have been kept before it had a place
        guard let place = known ?? (position == 0 ? makePlace(cookie) : nil),
            place.begin + UInt64(place.count) == position
        else { return nil }
        let connection = StreamConnection(
            kept, cookie: cookie, place: place, position: position, behind: place.passedOver, consumer: consumer)
        return (connection, nil)
    }
}
