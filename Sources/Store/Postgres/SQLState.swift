extension StoreError {
    /// The meaning of a PostgreSQL error for the writer, by its class (PostgreSQL manual, appendix A).
    ///
    /// Only errors of a value or a row blame the data. For all others, an administrator can repair the server while the
    /// records wait.
    ///
    /// - Parameter state: the five characters of SQLSTATE.
    public init(sqlState state: String, _ why: String) {
        let told = "\(why) (SQLSTATE \(state))"
        switch state.prefix(2) {
        // connection, operator intervention, system error, configuration file, internal error or corruption
        case "08", "57", "58", "F0", "XX": self = .unavailable(told)
        // transaction rollback, insufficient resources, object not in prerequisite state
        case "40", "53", "55": self = .busy(told)
        // read-only: a standby, or a server that is being moved
        case "25" where state == "25006": self = .unavailable(told)
        // cardinality, data, integrity, view check, program limit (a value too large for an index), an exception that a
        // trigger raised
        case "21", "22", "23", "44", "54", "P0": self = .unacceptable(told)
        default: self = .refused(told)
        }
    }
}
