import Synchronization
import SystemClock

/// Pages that were made before.
///
/// A page of the present generation is sent as it is. One of the generation before is sent too, for a while, and made
/// again meanwhile. Each page is made once at a time, however many ask for it.
package final class SiteCache<Key: Hashable & Sendable>: Sendable {
    /// Who makes the page, and the page that can be sent at once.
    package struct Found: Sendable {
        package let body: SiteBody?
        /// nil if the page is still right.
        package let making: Task<SiteBody, any Error>?
    }

    private struct Entry {
        var body: SiteBody
        var generation: Int
        /// Milliseconds of `steadyMilliseconds()`, like `lastUse`.
        var made: Int
        var lastUse: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var makings: [Key: Task<SiteBody, any Error>] = [:]
        var bytes = 0
    }

    private let mostBytes: Int
    private let state = Mutex(State())

    /// The time for which an outdated page is sent while another one is made, milliseconds.
    package static var outdated: Int { 120_000 }

    /// - Parameter mostBytes: the memory of all pages.
    package init(mostBytes: Int) { self.mostBytes = mostBytes }

    /// Finds a page, and has it made if it is not there or outdated.
    ///
    /// - Parameter make: makes it.
    package func find(
        _ key: Key, generation: Int, now: Int = steadyMilliseconds(),
        make: @escaping @Sendable () async throws -> SiteBody
    ) -> Found {
        state.withLock { state in
            state.entries[key]?.lastUse = now
            let entry = state.entries[key]
            if let entry, entry.generation == generation { return Found(body: entry.body, making: nil) }
            let making =
                state.makings[key]
                ?? Task { [self] in
                    do {
                        let body = try await make()
                        keep(key, body, generation: generation)
                        return body
                    } catch {
                        self.state.withLock { $0.makings[key] = nil }
                        throw error
                    }
                }
            state.makings[key] = making
            let isUsable = entry.map { now - $0.made < SiteCache.outdated } ?? false
            return Found(body: isUsable ? entry?.body : nil, making: making)
        }
    }

    /// A page however old, if it is not older than some time.
    ///
    /// - Parameter age: milliseconds.
    package func outdated(_ key: Key, age: Int, now: Int = steadyMilliseconds()) -> SiteBody? {
        state.withLock { state in state.entries[key].flatMap { now - $0.made < age ? $0.body : nil } }
    }

    private func keep(_ key: Key, _ body: SiteBody, generation: Int) {
        let now = steadyMilliseconds()
        state.withLock { state in
            state.makings[key] = nil
            // what went wrong is tried again
            guard body.status == 200 else { return }
            state.bytes += body.size - (state.entries[key]?.body.size ?? 0)
            let lastUse = state.entries[key]?.lastUse ?? now
            state.entries[key] = Entry(body: body, generation: generation, made: now, lastUse: lastUse)
            while state.bytes > mostBytes,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.entries[oldest.key] = nil
                state.bytes -= oldest.value.body.size
            }
        }
    }
}
