import JSON
import Query
import Testing

@Suite struct AnswerShapeTests {
    private struct Row: Sendable {
        let name: String?
        let users: Int64?
    }

    private let answer = Answer(
        [
            Row(name: "b", users: 2), Row(name: nil, users: 9), Row(name: "a", users: 2), Row(name: "c", users: nil),
            Row(name: "d", users: 11),
        ],
        [.text("name") { $0.name }, .count("users", of: .users, heading: "people") { $0.users }], measure: .users)

    private func names(_ sort: String) throws -> [String?] {
        try answer.shaped(AnswerShape(order: AnswerShape.Order(sort))).rows.map {
            if case .text(let name) = $0[0] { name } else { nil }
        }
    }

    @Test("numbers fall and texts rise, unless asked for otherwise; what is not known comes last")
    func sorted() throws {
        #expect(try names("users") == ["d", nil, "b", "a", "c"])
        #expect(try names("people:asc") == ["b", "a", nil, "d", "c"])
        #expect(try names("name") == ["a", "b", "c", "d", nil])
        #expect(try names("name:desc") == ["d", "c", "b", "a", nil])
    }

    @Test("columns are those that were asked for, in this order") func columns() throws {
        let chosen = try answer.shaped(AnswerShape(columns: ["users", "name"]))
        #expect(chosen.columns.map { $0.name } == ["users", "name"] && chosen.measure == 0)
        #expect(chosen.rows.first == [.integer(2), .text("b")])
        let objects = chosen.rows.map { JSON.object([JSON.Member("users", $0[0]), JSON.Member("name", $0[1])]) }
        #expect(chosen.json == .array(objects))
        #expect(try answer.shaped(AnswerShape(columns: ["name"])).measure == nil)
        #expect(try answer.shaped(AnswerShape()) == answer)
        #expect(answer.first(2).rows.count == 2 && answer.first(nil) == answer && answer.first(9) == answer)
    }

    @Test("an unknown column is told, with those that there are") func unknown() {
        let error = AnswerShape.UnknownColumn(name: "user", known: ["name", "users"])
        #expect(throws: error) { try answer.shaped(AnswerShape(columns: ["users", "user"])) }
        #expect(throws: error) { try answer.shaped(AnswerShape(order: AnswerShape.Order("user"))) }
        #expect(error.description.contains("name, users"))
        for text in ["", ":asc", "users:up", "users:asc:asc"] { #expect(AnswerShape.Order(text) == nil, "\(text)") }
    }
}
