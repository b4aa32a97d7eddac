import Checksum
import Record

/// The new names that each sender may bring in an hour. Beyond them a record's names count as `other`.
///
/// A name is a row of a dictionary that is never reused, and the record that brings it costs far more than one of a
/// known run. So senders that make up names would fill the store and take the writer's time.
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

    /// Names for each sender in an hour; nil without limit.
    var names: Int?
    /// Names that were replaced since the last `takeReplaced`.
    private(set) var replaced: UInt64 = 0
    /// The packages of the stacks that were new in the present batch.
    private(set) var newPackages = 0
    private var sender = Sender.unproven
    private var isUnlimited = true
    private var arrival: Int64 = 0
    /// The hour of the present budget, microseconds since 1970 UTC.
    private var hour: Range<Int64> = 0..<0
    private var spent: [Sender: Spent] = [:]
    /// Names that were paid for, so that they are free after the vocabulary has been emptied.
    private var known: Set<UInt64> = []
    private var knownBefore: Set<UInt64> = []
    private let hasher = SipHash13()

    /// A new set of packages costs time for each of them.
    fileprivate static let packagesForName = 20
    /// The budget of relays, of root, and of all senders without proof together, in budgets of a user.
    private static let shareOfMany = 10
    private static let mostSenders = 65_536
    private static let mostKnown = 500_000
    private static let microsecondsPerHour = Calendar.microsecondsPerDay / 24
    private static let microsecondsPerMinute = microsecondsPerHour / 60
    /// The part of an hour's packages that one minute may have: the writer needs some microseconds for each.
    fileprivate static let minutesForHour = 4

    init(names: Int?) { self.names = names }

    /// Notes who sent the record at hand.
    mutating func begin(_ envelope: Envelope) {
        sender = Sender(envelope)
        arrival = envelope.arrival
        isUnlimited = names == nil
        if isUnlimited || hour.contains(envelope.arrival) { return }
        let start = envelope.arrival - envelope.arrival % NameBudget.microsecondsPerHour
        hour = start..<start + NameBudget.microsecondsPerHour
        spent.removeAll(keepingCapacity: true)
    }

    /// Whether the sender may bring a new name.
    ///
    /// - Parameter packages: the number of packages that it consists of, if it is a stack.
    mutating func admits(_ name: UnsafeRawBufferPointer, of dimension: Dimension, packages: Int = 0) -> Bool {
        newPackages += packages
        guard !isUnlimited, let names else { return true }
        let hash = hasher.hash(hasher.hash(name), UInt64(truncatingIfNeeded: dimension.rawValue))
        if known.contains(hash) || knownBefore.contains(hash) { return true }
        let limit = names * (sender.isMany ? NameBudget.shareOfMany : 1)
        var own = spent[sender] ?? Spent()
        guard spent.count < NameBudget.mostSenders || spent[sender] != nil,
            own.pay(packages, at: arrival / NameBudget.microsecondsPerMinute, upTo: limit)
        else {
            replaced += 1
            newPackages -= packages
            return false
        }
        spent[sender] = own
        if known.count >= NameBudget.mostKnown {
            knownBefore = known
            known = []
        }
        known.insert(hash)
        return true
    }

    mutating func finishBatch() { newPackages = 0 }

    /// The number of names that were replaced since the last call.
    mutating func takeReplaced() -> UInt64 {
        defer { replaced = 0 }
        return replaced
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
