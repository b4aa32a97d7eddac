import ArgumentParser
import Query
import SystemClock

/// Options of questions as the user has written them; `QuestionOptions` parses them.
protocol WrittenOptions {
    /// The given options; the value of a flag is empty.
    var written: [QuestionOption: String] { get }
}

extension WrittenOptions {
    /// - Throws: `ValidationError` if they cannot be used.
    func check() throws { _ = try QuestionOptions(written: written) }
}

extension QuestionOptions {
    /// - Throws: `ValidationError` if they cannot be used.
    init(written: [QuestionOption: String]) throws {
        do throws(OptionError) { try self.init(written, now: wallClock()) } catch {
            throw ValidationError(error.description)
        }
    }
}

extension Day {
    /// - Parameter flag: the option whose value it is.
    /// - Throws: `ValidationError` if it is not a day.
    init(_ text: String, of flag: String) throws {
        do throws(Day.Malformed) { try self.init(text, now: wallClock()) } catch {
            throw ValidationError("\(flag) \(error)")
        }
    }
}
