/// The known word that `word` was probably meant to be; nil if none is near.
public func suggestion(for word: String, among known: some Sequence<String>) -> String? {
    let written = Array(word.lowercased().unicodeScalars)
    // one typing error in three letters, two in six, at most three
    let bound = min(3, max(1, written.count / 3))
    var best: (word: String, distance: Int)?
    for candidate in known {
        let letters = Array(candidate.lowercased().unicodeScalars)
        guard abs(letters.count - written.count) <= bound else { continue }
        let distance = slips(written, letters)
        if distance <= bound, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
}

/// The number of letters to insert, delete, change, or swap with a neighbour to turn one text into the other (Damerau's
/// distance in its restricted form).
private func slips(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var last = Array(0...other.count)
    for (row, letter) in one.enumerated() {
        var next = [row + 1]
        for (column, candidate) in other.enumerated() {
            var least = min(last[column + 1] + 1, next[column] + 1, last[column] + (letter == candidate ? 0 : 1))
            if row > 0, column > 0, letter == other[column - 1], one[row - 1] == candidate {
                least = min(least, before[column - 1] + 1)
            }
            next.append(least)
        }
        (before, last) = (last, next)
    }
    return last[other.count]
}
