import CStream

/// Which descriptors have something new (`epoll(7)`, EPOLLET): each arrival is told once, so that what stays in the kernel
/// wakes nobody.
final class EventQueue {
    struct Event {
        let descriptor: Int32
        /// The other end sends no more: all that it has sent has arrived.
        let isLast: Bool
    }

    private let events: OpaquePointer

    /// Nil if the kernel gives none.
    init?() {
        guard let events = stream_events_create(256) else { return nil }
        self.events = events
    }

    deinit { stream_events_free(events) }

    /// What it has already is told too.
    func watch(_ descriptor: Int32) { stream_events_watch(events, descriptor) }

    /// Must come before `close`: a connection that somebody else holds too would stay watched.
    func forget(_ descriptor: Int32) { stream_events_forget(events, descriptor) }

    /// - Returns: how many events there are; they are valid until the next call.
    func wait(milliseconds: Int32) -> Int { Int(stream_events_wait(events, milliseconds)) }

    subscript(index: Int) -> Event {
        let event = stream_event_at(events, UInt32(index))
        return Event(descriptor: event.descriptor, isLast: event.is_last != 0)
    }
}
