import Glibc

/// Whether tests try all combinations, as `make test-all` has them do.
private let isWhole: Bool = {
    guard let value = getenv("CUSTOMS_TEST_ALL") else { return false }
    return !["", "0"].contains(String(cString: value))
}()

/// Combinations of the filters with the values of something that has little to do with them: each filter with the first
/// value, and with one of the others in turn. In a whole run, each filter with all values.
func eachFilter<Value>(with values: [Value]) -> [(Int, Value)] {
    filters.indices.flatMap { filter in
        values.enumerated().filter { place, _ in
            isWhole || place == 0 || place == 1 + filter % max(values.count - 1, 1)
        }.map { (filter, $1) }
    }
}

/// Every third value, beginning with another one in the next turn. In a whole run, all of them.
func third<Value>(of values: [Value], turn: Int) -> [Value] {
    values.enumerated().filter { place, _ in isWhole || (place + turn) % 3 == 0 }.map { $1 }
}
