/// The reason why a message was not accepted. The raw value names the counter in `customs health`.
public enum RejectReason: String, CaseIterable, Sendable {
    /// Nothing but white space.
    case empty
    /// A datagram or record over the size that the contract allows.
    case tooLong = "too_long"
    /// The syslog header breaks RFC 5424 (priority, structured data), and no record was found after it.
    case badHeader = "bad_header"
    /// A syslog message that carries no JSON object.
    case noRecord = "no_record"
    /// Bytes that are not UTF-8 (RFC 3629).
    case notUTF8 = "not_utf8"
    /// Text that is not JSON (RFC 8259).
    case badJSON = "bad_json"
    /// More nested arrays and objects than the limit.
    case tooDeep = "too_deep"
    /// `v` is a version that this daemon does not know.
    case unknownVersion = "unknown_version"
    /// A required key is missing or null: `v`, `id` or `packages`, or a key of a canary or of an older message.
    case missingKey = "missing_key"
    /// A known key with a value of another type.
    case wrongType = "wrong_type"
    /// A known key whose value has the right type but no valid meaning.
    case badValue = "bad_value"
    /// A time that is not RFC 3339, or before the year 2000.
    case badTimestamp = "bad_timestamp"
    /// More packages than a record may name.
    case tooManyPackages = "too_many_packages"
    /// An older message of a service other than Python.
    case otherService = "other_service"
    /// A stream's frame does not begin with a valid length; the daemon ends the connection.
    case badFrame = "bad_frame"
    /// A stream ended within a message.
    case cutOff = "cut_off"
    /// Bytes that follow an archive's compressed data and are not compressed themselves.
    case trailingData = "trailing_data"
    /// The journal had reached its size limit, or its disk was full.
    case journalFull = "journal_full"
    /// The journal could not be written.
    case journalError = "journal_error"
    /// Entries lost in a damaged part of the journal.
    case journalDamaged = "journal_damaged"
    /// The record is older than the site takes from senders (`receive.max_age_days`).
    case tooOld = "too_old"
    /// A snapshot beyond the number that its sender, or all senders together, may have.
    case tooManySnapshots = "too_many_snapshots"
    /// A canary's record without the code that only this store's batches have (`CanaryKey`).
    case unprovenCanary = "unproven_canary"
    /// The store refused the record; it is kept in the store's `quarantine` table.
    case refusedByStore = "refused_by_store"
}
