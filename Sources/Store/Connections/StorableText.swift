import Record

/// The text cut to the length that every index can hold, and without characters that PostgreSQL's text cannot hold.
func storable(_ text: String) -> String {
    clipped(text.utf8.contains(0) ? String(text.filter { $0 != "\0" }) : text)
}
