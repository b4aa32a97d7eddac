import Sockets

/// The places of connections, in pools by what has been proven: handshakes, connections without a certificate, and
/// connections with one. So no number of strangers takes a place from a relay with a certificate.
///
/// A handshake always gets a place, because a stranger's cannot be told from a relay's, not even by its address. If
/// there is none left, another connection makes room. It is one of a few drawn at random: one that has said nothing, of
/// the source that has the most places, and of those the oldest. A source with a penalty counts as if it had more. From
/// half of the places on, newcomers take others' places now and then already (random early drop, as by MaxStartups of
/// `sshd_config(5)`).
///
/// Without a certificate, a connection that has sent a message keeps its place. One that has sent none makes room, as
/// above. A newcomer over the limit is refused.
///
/// It knows neither sockets nor a clock.
package struct StreamPools {
    /// A connection's number, which no other open connection has.
    package typealias Number = Int32
    package typealias Instant = ContinuousClock.Instant

    package enum Pool: CaseIterable {
        case handshakes
        case uncertified
        case certified
    }

    /// What a connection has shown so far.
    package enum Standing: Int, CaseIterable {
        /// It is to speak TLS, and has sent nothing.
        case knocking
        case shakingHands
        /// It has shown no certificate, and sent no message yet.
        case silent
        case speaking
        case certified

        package var pool: Pool {
            switch self {
            case .knocking, .shakingHands: .handshakes
            case .silent, .speaking: .uncertified
            case .certified: .certified
            }
        }
    }

    package enum Decision: Equatable {
        case admitted
        /// The connection `number` must make room, for the reason.
        case admittedInsteadOf(Number, ConnectionRefusal)
        case refused(ConnectionRefusal)
    }

    private struct Member {
        let source: NetworkSource
        var standing: Standing
        /// Smaller for an earlier connection.
        let age: UInt64
    }

    private var members: [Number: Member] = [:]
    private var all = Places()
    private var sources: [NetworkSource: Places] = [:]
    private var penalties = SourcePenalties()
    private var entered: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { members.isEmpty }

    package func count(_ pool: Pool) -> Int { all.count(pool) }

    /// Gives a new connection a place, or another one to a connection that has shown more.
    ///
    /// - Parameters:
    ///   - limits: as configured.
    ///   - descriptors: the number of descriptors that connections may have together.
    ///   - hasArrived: whether a connection has sent bytes that were not read yet.
    package mutating func place(
        _ number: Number, from source: NetworkSource, as standing: Standing, limits: StreamLimits, descriptors: Int,
        now: Instant, hasArrived: @escaping (Number) -> Bool
    ) -> Decision {
        if let member = members[number], member.standing.pool == standing.pool {
            change(number, member, to: standing)
            return .admitted
        }
        let fitted = limits.fitted(to: descriptors)
        let pool = standing.pool
        let room = pool == .certified ? fitted.certifiedConnections : fitted.connections
        let order = order(now, hasArrived)
        let reason = fitted == limits ? ConnectionRefusal.tooMany : .noDescriptors
        var decision = Decision.admitted
        if pool != .handshakes, let ofSource = sources[source], ofSource.count(pool) >= limits.connectionsPerSource {
            decision = make(room: ofSource, in: pool, .tooManyOfAddress, order)
        } else if all.count(pool) >= room {
            decision = make(room: all, in: pool, reason, order)
        } else if isEarlyDrop(all.count(pool), of: room), let victim = silent(in: all, pool, order) {
            decision = .admittedInsteadOf(victim, reason)
        }
        if case .refused = decision { return decision }
        if let member = members[number] { remove(number, member) }
        insert(number, source, standing)
        return decision
    }

    /// A connection that could make room for any other; nil if there is none.
    package func dispensable(now: Instant, hasArrived: @escaping (Number) -> Bool) -> Number? {
        let order = order(now, hasArrived)
        return silent(in: all, .handshakes, order) ?? silent(in: all, .uncertified, order)
    }

    package mutating func leave(_ number: Number) {
        guard let member = members[number] else { return }
        remove(number, member)
    }

    /// Notes that a connection of this source came to nothing.
    package mutating func penalise(_ source: NetworkSource, at now: Instant) { penalties.note(source, at: now) }

    /// The number of connections as which one of a source with a penalty counts.
    private static let penalty = 8

    private typealias Order = (Number) -> (Int, Int, UInt64)

    private func make(
        room places: Places, in pool: Pool, _ reason: ConnectionRefusal, _ order: Order
    ) -> Decision {
        if let victim = silent(in: places, pool, order) { return .admittedInsteadOf(victim, reason) }
        if pool == .handshakes, let victim = places[.shakingHands].draw(inOrder: order) {
            return .admittedInsteadOf(victim, reason)
        }
        return .refused(reason)
    }

    private func silent(in places: Places, _ pool: Pool, _ order: Order) -> Number? {
        switch pool {
        case .handshakes: places[.knocking].draw(inOrder: order)
        case .uncertified: places[.silent].draw(inOrder: order)
        case .certified: nil
        }
    }

    /// Probability from 0 at half of the places to 1 at all of them.
    private func isEarlyDrop(_ count: Int, of room: Int) -> Bool {
        let start = room / 2
        return count > start && Int.random(in: start..<room) < count
    }

    /// The order in which connections make room.
    private func order(_ now: Instant, _ hasArrived: @escaping (Number) -> Bool) -> Order {
        { number in
            guard let member = members[number] else { return (0, 0, 0) }
            var weight = sources[member.source]?.count(member.standing.pool) ?? 0
            if penalties.has(member.source, at: now) { weight *= StreamPools.penalty }
            return (hasArrived(number) ? 1 : 0, -weight, member.age)
        }
    }

    private mutating func change(_ number: Number, _ member: Member, to standing: Standing) {
        if member.standing == standing { return }
        members[number]?.standing = standing
        all[member.standing].remove(number)
        all[standing].insert(number)
        sources[member.source]?[member.standing].remove(number)
        sources[member.source]?[standing].insert(number)
    }

    private mutating func insert(_ number: Number, _ source: NetworkSource, _ standing: Standing) {
        entered += 1
        members[number] = Member(source: source, standing: standing, age: entered)
        all[standing].insert(number)
        sources[source, default: Places()][standing].insert(number)
    }

    private mutating func remove(_ number: Number, _ member: Member) {
        members[number] = nil
        all[member.standing].remove(number)
        sources[member.source]?[member.standing].remove(number)
        if sources[member.source]?.isEmpty == true { sources[member.source] = nil }
    }
}

/// Connections by their standing.
private struct Places {
    private var draws = [DrawPool](repeating: DrawPool(), count: StreamPools.Standing.allCases.count)

    subscript(standing: StreamPools.Standing) -> DrawPool {
        get { draws[standing.rawValue] }
        _modify { yield &draws[standing.rawValue] }
    }

    var isEmpty: Bool { draws.allSatisfy { $0.count == 0 } }

    func count(_ pool: StreamPools.Pool) -> Int {
        switch pool {
        case .handshakes: self[.knocking].count + self[.shakingHands].count
        case .uncertified: self[.silent].count + self[.speaking].count
        case .certified: self[.certified].count
        }
    }
}
