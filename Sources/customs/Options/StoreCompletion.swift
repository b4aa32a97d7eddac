import ArgumentParser
import Glibc
import Query
import Settings
import Store

/// Completion of names in the store for shells.
enum StoreCompletion {
    /// The longest time for an answer, after which there is none, microseconds: with the program's start less than
    /// 150 ms, for which a person waits at each key.
    private static let longest = 120_000
    /// The most names that a shell is given.
    private static let mostNames = 1_000

    /// Completes names of a kind.
    static func names(_ kind: UnknownName.Kind) -> CompletionKind {
        .custom { words, _, prefix in names(kind, beginning: prefix, words) }
    }

    /// - Parameter words: the command line.
    private static func names(_ kind: UnknownName.Kind, beginning prefix: String, _ words: [String]) -> [String] {
        endInTime()
        guard let location = try? location(words), let connection = try? location.reader(),
            let known = try? KnownNames.all(kind, connection)
        else { return [] }
        return Array(known.lazy.filter { $0.hasPrefix(prefix) && isPlain($0) }.prefix(mostNames)).sorted()
    }

    /// Ends the program without an answer when its time is up, whatever it waits for.
    private static func endInTime() {
        signal(SIGALRM) { _ in _exit(0) }
        var timer = itimerval(
            it_interval: timeval(tv_sec: 0, tv_usec: 0), it_value: timeval(tv_sec: 0, tv_usec: longest))
        setitimer(Int32(ITIMER_REAL.rawValue), &timer, nil)
    }

    /// Whether a shell takes the name as it is. It would expand, run or split others, which come from outside.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.first != "-"
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.properties.isAlphabetic || "0123456789_-.+/,".unicodeScalars.contains(scalar)
            }
    }

    /// The store that the command line, the environment or the configuration names.
    private static func location(_ words: [String]) throws -> StoreLocation {
        if let url = value(of: "--store", words) { return try StoreLocation(url) }
        return try StoreLocation(try SettingsSources.load(path: value(of: "--config", words)).store)
    }

    /// The value of an option: the next word, or what is behind a `=`.
    private static func value(of option: String, _ words: [String]) -> String? {
        for (place, word) in words.enumerated() {
            if word.hasPrefix(option + "=") { return unquoted(String(word.dropFirst(option.count + 1))) }
            guard word == option, place + 1 < words.count else { continue }
            return unquoted(joined(words[(place + 1)...]))
        }
        return nil
    }

    /// bash ends words at `:` and `=`, which are words of their own then, as in `sqlite`, `:`, `///PATH`.
    private static func joined(_ words: ArraySlice<String>) -> String {
        var text = ""
        var isOpen = true
        for word in words {
            let isBreak = !word.isEmpty && word.allSatisfy { $0 == ":" || $0 == "=" }
            if isBreak, text.isEmpty, word == "=" { continue }
            if !isBreak, !isOpen { break }
            text += word
            isOpen = isBreak
        }
        return text
    }

    private static func unquoted(_ word: String) -> String {
        guard let quote = word.first, quote == "'" || quote == "\"" else { return word }
        return String(word.dropFirst().prefix { $0 != quote })
    }
}
