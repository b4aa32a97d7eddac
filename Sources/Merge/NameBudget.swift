import Checksum
import Record

/// The new names that each sender may bring in an hour. Beyond them a record's names count as `other`.
///
/// A name is a row of a dictionary that is never reused, and the record that brings it costs far more than one of a
/// known run. So senders that make up names would fill the store and take the writer's time.
///
/// Senders that prove nothing have a budget for each network that they send from, and one for all of them together. A
/// network can be made up too, and then only the second one holds.
struct NameBudget: Sendable {
    /// The name that stands for all names beyond the budget.
    static let other = "other"

    fileprivate struct Spent {
        var names = 0
        var packages = 0
        /// Minutes since 1970 UTC, and the packages of that minute.
        var minute: Int64 = 0
        var packagesOfMinute = 0
    }

    /// What is spent once a name has been paid for.
    private enum Payment {
        case proven(Spent)
        case unproven(source: UInt64, Spent, all: Spent)
    }

    /// Names for each sender in an hour; nil without limit.
    var names: Int?
    /// Names that were replaced since the last `takeReplaced`.
    private(set) var replaced: UInt64 = 0
    /// The packages of the stacks that were new in the present batch.
    private(set) var newPackages = 0
    private let stored: StoredNames
    private var sender = Sender.unproven
    /// The network of a sender that proves nothing; 0 if it is not known.
    private var source: UInt64 = 0
    private var isUnlimited = true
    private var arrival: Int64 = 0
    /// The hour of the present budget, microseconds since 1970 UTC.
    private var hour: Range<Int64> = 0..<0
    private var spent: [Sender: Spent] = [:]
    private var spentBySource: [UInt64: Spent] = [:]
    /// Names that were paid for, so that they are free after the vocabulary has been emptied.
    private var known: Set<UInt64> = []
    private var knownBefore: Set<UInt64> = []
    private let hasher = SipHash13()

    /// A new set of packages costs time for each of them.
    fileprivate static let packagesForName = 20
    /// The budget of relays, of root, and of a network, in budgets of a user: they may stand for many users.
    private static let shareOfMany = 10
    /// The budget of all senders together that prove nothing. One network that floods leaves the others half of it.
    private static let shareOfUnproven = 20
    /// Further networks share one budget.
    private static let mostSenders = 65_536
    private static let mostKnown = 500_000
    private static let microsecondsPerHour = Calendar.microsecondsPerDay / 24
    private static let microsecondsPerMinute = microsecondsPerHour / 60
    /// The part of an hour's packages that one minute may have: the writer needs some microseconds for each.
    fileprivate static let minutesForHour = 4

    /// - Parameter stored: names that cost nothing.
    init(names: Int?, stored: StoredNames) {
        self.names = names
        self.stored = stored
    }

    /// The sender of the record at hand, in words.
    var payer: String {
        guard sender == .unproven, source != 0 else { return sender.description }
        let words = [48, 32, 16, 0].map { source >> UInt64($0) & 0xFFFF }
        if words[0] == 0, words[1] == 0xFFFF {
            let bytes = [24, 16, 8, 0].map { "\(source >> UInt64($0) & 0xFF)" }
            return "\(sender) at \(bytes.joined(separator: "."))"
        }
        return "\(sender) at \(words.map { String($0, radix: 16) }.joined(separator: ":"))::/64"
    }

    /// Notes who sent the record at hand.
    mutating func begin(_ envelope: Envelope) {
        sender = Sender(envelope)
        source = envelope.source ?? 0
        arrival = envelope.arrival
        isUnlimited = names == nil
        if isUnlimited || hour.contains(envelope.arrival) { return }
        let start = envelope.arrival - envelope.arrival % NameBudget.microsecondsPerHour
        hour = start..<start + NameBudget.microsecondsPerHour
        spent.removeAll(keepingCapacity: true)
        spentBySource.removeAll(keepingCapacity: true)
    }

    /// Whether the sender may bring a new name.
    mutating func admits(_ name: UnsafeRawBufferPointer, of dimension: Dimension) -> Bool {
        guard !isUnlimited, let names else { return true }
        let hash = hash(name, dimension)
        if isKnown(hash) { return true }
        if !stored.contains(name, dimension) {
            guard let payment = payment(packages: 0, names) else { return refuse() }
            take(payment)
        }
        note(hash)
        return true
    }

    /// Whether the sender may bring a new set of packages.
    ///
    /// - Parameters:
    ///   - text: the packages in the order in which they came.
    ///   - packages: their number.
    ///   - key: makes the set's key in the vocabulary.
    mutating func admits(
        stack text: UnsafeRawBufferPointer, packages: Int, key: () -> CompoundKey
    ) -> Bool {
        newPackages += packages
        guard !isUnlimited, let names else { return true }
        let hash = hash(text, .stack)
        if isKnown(hash) { return true }
        // to make the key costs more than the rest of the record, so a sender without a budget cannot have it made
        guard let payment = payment(packages: packages, names) else {
            newPackages -= packages
            return refuse()
        }
        if !key().bytes.withUnsafeBytes({ stored.contains($0, .stack) }) { take(payment) }
        note(hash)
        return true
    }

    mutating func finishBatch() { newPackages = 0 }

    /// The number of names that were replaced since the last call.
    mutating func takeReplaced() -> UInt64 {
        defer { replaced = 0 }
        return replaced
    }

    private mutating func refuse() -> Bool {
        replaced += 1
        return false
    }

    private func hash(_ text: UnsafeRawBufferPointer, _ dimension: Dimension) -> UInt64 {
        hasher.hash(hasher.hash(text), UInt64(truncatingIfNeeded: dimension.rawValue))
    }

    private func isKnown(_ hash: UInt64) -> Bool { known.contains(hash) || knownBefore.contains(hash) }

    private mutating func note(_ hash: UInt64) {
        if known.count >= NameBudget.mostKnown {
            knownBefore = known
            known = []
        }
        known.insert(hash)
    }

    /// - Returns: nil if the sender's budget does not have as much left.
    private func payment(packages: Int, _ names: Int) -> Payment? {
        let minute = arrival / NameBudget.microsecondsPerMinute
        guard sender == .unproven else {
            guard spent[sender] != nil || spent.count < NameBudget.mostSenders else { return nil }
            var own = spent[sender] ?? Spent()
            let limit = names * (sender.isMany ? NameBudget.shareOfMany : 1)
            return own.pay(packages, at: minute, upTo: limit) ? .proven(own) : nil
        }
        let isListed = spentBySource[source] != nil || spentBySource.count < NameBudget.mostSenders
        let payer = isListed ? source : 0
        var own = spentBySource[payer] ?? Spent()
        var all = spent[.unproven] ?? Spent()
        guard own.pay(packages, at: minute, upTo: names * NameBudget.shareOfMany),
            all.pay(packages, at: minute, upTo: names * NameBudget.shareOfUnproven)
        else { return nil }
        return .unproven(source: payer, own, all: all)
    }

    private mutating func take(_ payment: Payment) {
        switch payment {
        case .proven(let own): spent[sender] = own
        case .unproven(let source, let own, let all):
            spentBySource[source] = own
            spent[.unproven] = all
        }
    }
}

extension NameBudget.Spent {
    fileprivate mutating func pay(_ packages: Int, at minute: Int64, upTo names: Int) -> Bool {
        if minute != self.minute { (self.minute, packagesOfMinute) = (minute, 0) }
        self.names += 1
        self.packages += packages
        packagesOfMinute += packages
        let most = names * NameBudget.packagesForName
        return self.names <= names && self.packages <= most && packagesOfMinute <= most / NameBudget.minutesForHour
    }
}
