import Synchronization
import Testing
import Web

@Suite struct SiteCacheTests {
    private struct Away: Error {}

    private final class Counter: Sendable {
        let count = Atomic(0)
    }

    private static func body(_ text: String) -> SiteBody { SiteBody(text, "text/plain") }

    @Test("however many ask, a page is made once") func once() async throws {
        let cache = SiteCache<String>(mostBytes: 1 << 20)
        let made = Counter()
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    let found = cache.find("a", generation: 1, now: 0) {
                        made.count.add(1, ordering: .relaxed)
                        try await Task.sleep(for: .milliseconds(20))
                        return SiteBody("page", "text/plain")
                    }
                    if let body = found.body { return body.tag }
                    return try await found.making?.value.tag ?? ""
                }
            }
            for try await tag in group { #expect(tag == Self.body("page").tag) }
        }
        #expect(made.count.load(ordering: .relaxed) == 1)
    }

    @Test("an outdated page is sent while another one is made, and not for long") func outdated() async throws {
        let cache = SiteCache<String>(mostBytes: 1 << 20)
        let first = cache.find("a", generation: 1) { SiteBody("old", "text/plain") }
        _ = try await first.making?.value
        #expect(cache.find("a", generation: 1) { throw Away() }.making == nil)
        let second = cache.find("a", generation: 2) { throw Away() }
        #expect(second.body?.tag == Self.body("old").tag)
        await #expect(throws: Away.self) { try await second.making?.value }
        // a page that could not be made is tried again
        let late = cache.find("a", generation: 2, now: .max) { SiteBody("new", "text/plain") }
        #expect(late.body == nil)
        #expect(try await late.making?.value.tag == Self.body("new").tag)
        #expect(cache.find("a", generation: 2) { throw Away() }.body?.tag == Self.body("new").tag)
    }

    @Test("pages have a bounded memory; those that were not asked for longest go") func bounded() async throws {
        let cache = SiteCache<Int>(mostBytes: 10_000)
        for number in 0..<20 {
            let text = String(repeating: "\(number % 10)", count: 100) + "\(number)"
            let found = cache.find(number, generation: 1, now: number) { SiteBody(text, "text/plain") }
            _ = try await found.making?.value
        }
        #expect((0..<20).allSatisfy { cache.outdated($0, age: .max, now: 0) != nil })
        let large = cache.find(99, generation: 1, now: 99) {
            SiteBody((0..<2_000).map { "\($0 &* 2_654_435_761)" }.joined(), "text/plain")
        }
        _ = try await large.making?.value
        #expect(cache.outdated(0, age: .max, now: 0) == nil)
    }

    @Test("what went wrong is not kept") func errors() async throws {
        let cache = SiteCache<String>(mostBytes: 1 << 20)
        let found = cache.find("a", generation: 1) { SiteBody("no", "text/plain", status: 503) }
        #expect(try await found.making?.value.status == 503)
        #expect(cache.outdated("a", age: .max, now: 0) == nil)
    }
}
