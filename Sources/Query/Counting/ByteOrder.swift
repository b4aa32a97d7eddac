import Record

/// Texts in the order of their bytes, the same everywhere.
func byBytes(_ left: String, _ right: String) -> Bool { ExactText(left) < ExactText(right) }

/// Whether two texts have the same bytes.
func isSame(_ left: String, _ right: String) -> Bool { ExactText(left) == ExactText(right) }
