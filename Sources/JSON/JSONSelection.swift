/// The part of a large document to keep: members of the object at its top, and members of the objects in their lists.
public struct JSONSelection: Sendable {
    /// By the names of members at the top. Of a member that is a list, the set names the members that are kept of each
    /// object in it; nil keeps all.
    let members: [String: Set<String>?]

    public init(_ members: [String: Set<String>?]) { self.members = members }
}
