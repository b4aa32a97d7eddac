import CStream

/// Events on descriptors (`epoll(7)`, EPOLLET). Each arrival is an event once, so unread bytes in the kernel do not
/// wake the thread again.
final class EventQueue {
    struct Event {
        let descriptor: Int32
        /// Whether the other end sends no more, and all that it sent has arrived.
        let isLast: Bool
    }

    private let events: OpaquePointer

    /// Makes a queue; nil if the kernel gives none.
    init?() {
        guard let events = stream_events_create(256) else { return nil }
        self.events = events
    }

    deinit { stream_events_free(events) }

    /// Watches a descriptor; bytes that are there already are an event too.
    ///
    /// - Parameter room: whether new room to write is also an event.
    func watch(_ descriptor: Int32, room: Bool = false) { stream_events_watch(events, descriptor, room ? 1 : 0) }

    /// Ends the watch. It must come before `close`: the queue would go on watching a connection that another process
    /// holds too.
    func forget(_ descriptor: Int32) { stream_events_forget(events, descriptor) }

    /// - Returns: the number of events; they are valid until the next call.
    func wait(milliseconds: Int32) -> Int { Int(stream_events_wait(events, milliseconds)) }

    subscript(index: Int) -> Event {
        let event = stream_event_at(events, UInt32(index))
        return Event(descriptor: event.descriptor, isLast: event.is_last != 0)
    }
}
