import Settings
import Synchronization

/// The settings that can change while the daemon runs.
final class Tunables: Sendable {
    struct Values: Sendable {
        var merge: MergeSettings
        var syncIntervalMilliseconds: Int
        var rejectsPerMinute: Int
    }

    private let values: Mutex<Values>

    init(_ settings: Settings) { values = Mutex(Values(settings)) }

    var current: Values { values.withLock { $0 } }

    func take(_ settings: Settings) { values.withLock { $0 = Values(settings) } }
}

extension Tunables.Values {
    init(_ settings: Settings) {
        merge = settings.merge
        syncIntervalMilliseconds = settings.journal.syncIntervalMilliseconds
        rejectsPerMinute = settings.log.rejectsPerMinute
    }
}
