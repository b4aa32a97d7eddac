import Sockets
import Listen
import Testing

@Suite struct StreamPoolsTests {
    private static func source(_ number: Int) -> NetworkSource {
        NetworkSource(host: "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)")
    }

    /// Pools, and the connections that have a place.
    private struct Door {
        var pools = StreamPools()
        var limits = StreamLimits.generous
        var descriptors = 1 << 20
        var now = ContinuousClock.now
        var open: Set<Int32> = []
        var next: Int32 = 0

        /// A new connection, and what is decided of it. Who must make room leaves.
        mutating func enter(_ source: Int, as standing: StreamPools.Standing = .knocking) -> StreamPools.Decision {
            next += 1
            open.insert(next)
            return place(next, source, standing)
        }

        mutating func place(
            _ number: Int32, _ source: Int, _ standing: StreamPools.Standing
        ) -> StreamPools.Decision {
            let decision = pools.place(
                number, from: StreamPoolsTests.source(source), as: standing, limits: limits,
                descriptors: descriptors, now: now, hasArrived: { _ in false })
            switch decision {
            case .admitted: break
            case .refused: leave(number)
            case .admittedInsteadOf(let other, _):
                #expect(other != number && open.contains(other))
                leave(other)
            }
            return decision
        }

        mutating func leave(_ number: Int32) {
            pools.leave(number)
            open.remove(number)
        }
    }

    @Test("a handshake that has begun outlasts 10,000 silent connections", arguments: [1, 7, 10_000])
    func knockers(_ sources: Int) {
        var door = Door()
        door.limits.connections = 64
        for number in 0..<5_000 { _ = door.enter(number % sources) }
        _ = door.enter(0)
        let relay = door.next
        #expect(door.place(relay, 0, .shakingHands) == .admitted)
        for number in 0..<5_000 {
            let decision = door.enter(number % sources)
            if case .refused = decision { Issue.record("\(decision)") }
        }
        #expect(door.open.contains(relay))
        #expect(door.pools.count(.handshakes) == 64)
        #expect(door.place(relay, 0, .certified) == .admitted)
        #expect(door.pools.count(.certified) == 1)
    }

    @Test("of handshakes that have begun, those of the source with most make room") func largestSource() {
        var door = Door()
        door.limits.connections = 64
        _ = door.enter(1, as: .shakingHands)
        let relay = door.next
        for _ in 0..<2_000 { _ = door.enter(2, as: .shakingHands) }
        #expect(door.open.contains(relay))
        #expect(door.pools.count(.handshakes) == 64)
    }

    @Test("a source that has its share takes the places of its own alone") func share() {
        var door = Door()
        (door.limits.connections, door.limits.connectionsPerSource) = (100, 4)
        for number in 0..<10 { _ = door.enter(number, as: .silent) }
        let others = door.open
        for _ in 0..<100 {
            if case .admittedInsteadOf(_, let reason) = door.enter(99, as: .silent) {
                #expect(reason == .tooManyOfAddress)
            }
        }
        #expect(others.isSubset(of: door.open))
        #expect(door.open.count == 14)
    }

    @Test("who has sent a message without a certificate keeps the place, and a newcomer is refused") func speaking() {
        var door = Door()
        (door.limits.connections, door.limits.connectionsPerSource) = (2, 2)
        _ = door.enter(1, as: .silent)
        #expect(door.place(door.next, 1, .speaking) == .admitted)
        _ = door.enter(2, as: .silent)
        let silent = door.next
        #expect(door.enter(3, as: .silent) == .admittedInsteadOf(silent, .tooMany))
        #expect(door.place(door.next, 3, .speaking) == .admitted)
        #expect(door.enter(4, as: .silent) == .refused(.tooMany))
        #expect(door.enter(4, as: .certified) == .admitted)
        #expect(door.enter(4) == .admitted)
    }

    @Test("from half of the places on, silent ones make room now and then") func earlyDrop() {
        var door = Door()
        door.limits.connections = 1_000
        var drops = 0
        for number in 0..<900 {
            if case .admittedInsteadOf = door.enter(number) {
                drops += 1
                #expect(door.open.count >= 500)
            }
        }
        #expect((20...300).contains(drops))
    }

    @Test("the connections of a source that fails make room first, for a while") func penalty() {
        var door = Door()
        door.limits.connections = 8
        // two of one source, and one each of two others
        for source in [1, 1, 2, 3] { _ = door.enter(source, as: .shakingHands) }
        for _ in 0...SourcePenalties.threshold { door.pools.penalise(StreamPoolsTests.source(3), at: door.now) }
        for source in 10..<14 { _ = door.enter(source, as: .shakingHands) }
        #expect(door.enter(14) == .admittedInsteadOf(4, .tooMany))
        door.now += .seconds(60 * SourcePenalties.secondsToFade)
        #expect(door.enter(15, as: .shakingHands) == .admittedInsteadOf(9, .tooMany))
        #expect(door.enter(16, as: .shakingHands) == .admittedInsteadOf(1, .tooMany))
    }

    @Test("penalties have a bound in memory") func penalties() {
        var penalties = SourcePenalties()
        let now = ContinuousClock.now
        for number in 0..<(2 * SourcePenalties.maximumSources) {
            for _ in 0...SourcePenalties.threshold { penalties.note(StreamPoolsTests.source(number), at: now) }
        }
        #expect(penalties.has(StreamPoolsTests.source(0), at: now))
        #expect(!penalties.has(StreamPoolsTests.source(2 * SourcePenalties.maximumSources - 1), at: now))
        let later = now + .seconds(100)
        for _ in 0...SourcePenalties.threshold { penalties.note(StreamPoolsTests.source(1 << 20), at: later) }
        #expect(penalties.has(StreamPoolsTests.source(1 << 20), at: later))
    }

    @Test("where descriptors are few, relays with a certificate get half") func descriptors() {
        let limits = StreamLimits.generous
        #expect(limits.fitted(to: limits.descriptors) == limits)
        for descriptors in 4..<limits.descriptors {
            let fitted = limits.fitted(to: descriptors)
            #expect(fitted.descriptors <= descriptors)
            #expect(fitted.certifiedConnections >= min(limits.certifiedConnections, descriptors / 2))
        }
        var door = Door()
        door.descriptors = 8
        for _ in 0..<2 { #expect(door.enter(1, as: .speaking) == .admitted) }
        #expect(door.enter(1, as: .speaking) == .refused(.noDescriptors))
    }

    @Test("no pool exceeds its bound, whatever happens", arguments: 0..<4) func model(_ seed: Int) {
        var draw = SystemRandomNumberGenerator()
        var door = Door()
        (door.limits.connections, door.limits.certifiedConnections) = (7, 5)
        door.limits.connectionsPerSource = 3
        for _ in 0..<5_000 {
            let source = Int.random(in: 0..<6, using: &draw)
            switch Int.random(in: 0..<4, using: &draw) {
            case 0:
                if let number = door.open.randomElement(using: &draw) { door.leave(number) }
            case 1: door.pools.penalise(StreamPoolsTests.source(source), at: door.now)
            default: _ = door.enter(source, as: StreamPools.Standing.allCases.randomElement(using: &draw) ?? .silent)
            }
            #expect(door.pools.count(.handshakes) <= 7 && door.pools.count(.uncertified) <= 7)
            #expect(door.pools.count(.certified) <= 5)
            let held = StreamPools.Pool.allCases.map { door.pools.count($0) }.reduce(0, +)
            #expect(held == door.open.count)
        }
        for number in door.open { door.leave(number) }
        #expect(door.pools.isEmpty)
    }

    @Test("a source is an IPv4 address, however it is written, or a /64 of IPv6") func sources() {
        let one = NetworkSource(host: "192.0.2.7")
        #expect(NetworkSource(host: "::ffff:192.0.2.7") == one)
        #expect(NetworkSource(host: "192.0.2.8") != one)
        #expect(NetworkSource(host: "::ffff:192.0.2.8") != one)
        let wide = NetworkSource(host: "2001:db8:0:1::1")
        #expect(NetworkSource(host: "2001:db8:0:1:ffff:ffff:ffff:ffff") == wide)
        #expect(NetworkSource(host: "2001:db8:0:2::1") != wide)
        #expect(NetworkSource(host: "::c000:207") != one)
        #expect(NetworkSource(host: "") == NetworkSource(host: "unknown"))
    }
}
