import JSON
import Pages
import Query

/// What a visitor may ask, and which answers may be shown to them.
package struct Permission: Sendable {
    package let visitor: Visitor

    package init(visitor: Visitor) { self.visitor = visitor }

    /// The question as this visitor may ask it; nil if they may not.
    package func permitted(_ question: PageQuestion) -> PageQuestion? {
        switch visitor.role {
        case .staff: question
        case .public: published(question)
        case .user: own(question) ?? published(question)
        case .pi: own(question) ?? ofOwnAccount(question) ?? published(question)
        }
    }

    /// Whether an answer may be shown to this visitor. Of a job that is known only when it is answered.
    package func mayShow(_ answer: Answer, to question: PageQuestion) -> Bool {
        switch visitor.role {
        case .staff: true
        case .public, .user, .pi:
            question.command == .job ? isOwnJob(answer) : !(answer.rows.isEmpty && Permission.namesSomething(question))
        }
    }

    /// Whether the answer could tell that a name in the question is known. So a name that is not known and one of too
    /// few people have the same page: none.
    private static func namesSomething(_ question: PageQuestion) -> Bool {
        let names: Set<String> = ["package", "system", "subsystem", "account", "partition", "qos"]
        return question.command != .user
            && (!question.arguments.isEmpty || question.options.contains { names.contains($0.name) })
    }

    private func isOwnJob(_ answer: Answer) -> Bool {
        let job = answer.json
        let isOfSlurm = job["source"] == .text("slurm")
        if let name = visitor.name, case .text(let owner) = job["username"], Roles.isSame(owner, name) {
            // records are claims: another person's record may say that it belongs to this job, or this job to it
            if isOfSlurm || job["runs"].elements.allSatisfy({ Roles.isSame($0["username"].plain, name) }) {
                return true
            }
        }
        guard isOfSlurm, case .text(let account) = job["account"] else { return false }
        return visitor.role == .pi && visitor.accounts.contains { Roles.isSame($0, account) }
    }

    /// A question about the visitor, or about a job that may be theirs.
    private func own(_ question: PageQuestion) -> PageQuestion? {
        guard let name = visitor.name else { return nil }
        switch question.command {
        case .job: return question
        case .user where question.arguments.first.map { Roles.isSame($0, name) } == true: return question
        case .top
        where isOwnUser(question, name) && question.options["per"]?.value.map(Permission.ownUnits.contains) != false:
            return question
        default: return nil
        }
    }

    /// Units of `top` that tell nothing of others than the person it is about.
    private static let ownUnits: Set<String> = [
        "package", "month", "python", "environment", "nodes", "state", "system",
    ]

    private func isOwnUser(_ question: PageQuestion, _ name: String) -> Bool {
        question.options["user"]?.value.map { Roles.isSame($0, name) } == true
            && question.options["shares"] == nil
    }

    /// A question about usage of one of a PI's accounts.
    private func ofOwnAccount(_ question: PageQuestion) -> PageQuestion? {
        guard let account = question.options["account"]?.value,
            visitor.accounts.contains(where: { Roles.isSame($0, account) }),
            question.command.sharedOptions.contains(.account)
        else { return nil }
        return question
    }

    /// The question with an answer that may be published; nil if there is none.
    private func published(_ question: PageQuestion) -> PageQuestion? {
        guard question.command.sharedOptions.contains(.isPublic), question.options["envelope"] == nil else {
            return nil
        }
        if let unit = question.options["per"]?.value, unit != "package" { return nil }
        // parts so small that nothing is published of them
        let small: Set<String> = ["user", "python", "prefix", "project", "pi", "field", "department", "include-staff"]
        if question.options.contains(where: { small.contains($0.name) }) { return nil }
        return question.with(PageOption("public", nil))
    }

    /// The entries of the navigation.
    package var entries: [PageEntry] {
        switch visitor.role {
        case .staff: PageEntry.allCases
        case .public, .user, .pi:
            PageEntry.allCases.filter { entry in
                switch entry {
                case .accounts, .hosts, .health, .canaries: false
                default: true
                }
            }
        }
    }
}
