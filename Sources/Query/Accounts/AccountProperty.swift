/// What a site says of an account beside its name. The raw value is the name of the file's column, of the option and
/// of the unit.
public enum AccountProperty: String, CaseIterable, Sendable {
    case project
    /// The principal investigator, who is a person.
    case pi
    case field, department

    /// The name of a list of them.
    var plural: String { rawValue + "s" }
}
