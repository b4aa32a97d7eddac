import CStream

extension StreamMemory {
    /// Finds where a process before this one stood with a connection; nil if that cannot be known.
    ///
    /// - Returns: also how much the room for turns holds of it, if it was at its turn.
    func resume(_ kept: KeptConnection, _ cookie: UInt64) -> (TCPConnection, unfinished: Int?)? {
        var position: UInt64 = 0
        guard stream_position(kept.descriptor, &position) == 0 else { return nil }
        let known = place(of: cookie)
        if let known, let turn = unfinishedTurn(cookie, position: position) {
            let connection = TCPConnection(
                kept, cookie: cookie, place: known, position: position, behind: turn.passedOver)
            return (connection, turn.count)
        }
        // one that nothing was read of may have been kept before it had a place
        guard let place = known ?? (position == 0 ? makePlace(cookie) : nil),
            place.begin + UInt64(place.count) == position
        else { return nil }
        return (
            TCPConnection(kept, cookie: cookie, place: place, position: position, behind: place.passedOver), nil
        )
    }
}
