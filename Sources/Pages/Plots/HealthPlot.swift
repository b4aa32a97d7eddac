import JSON
import Plot
import Query

/// What has become of all messages: received = stored + merged + duplicate + rejected + pending.
enum HealthPlot {
    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        let health = answer.json
        guard health["received"].number != nil, case .object(let reasons) = health["rejected"] else { return nil }
        let rejected = reasons.reduce(0) { $0 + ($1.value.number ?? 0) }
        let most = reasons.sorted { ($0.value.number ?? 0) > ($1.value.number ?? 0) }.prefix(5)
        let why = most.map { "\(printable($0.key)) \($0.value.cell)" }.joined(separator: ", ")
        func part(_ name: String, _ tone: Tone) -> SumBar.Part {
            SumBar.Part(
                name: name, value: health[name].number ?? 0, detail: "\(name): \(health[name].cell) messages",
                tone: tone)
        }
        let parts = [
            part("stored", .plain(1)), part("merged", .series(3)), part("duplicate", .series(4)),
            SumBar.Part(
                name: "rejected", value: rejected,
                detail: "rejected: \(JSON.integer(Int64(rejected)).cell) messages\(why.isEmpty ? "" : ": \(why)")",
                tone: .series(5)), part("pending", .series(2)),
        ]
        let caption = PlotWords.caption(
            "Messages received, by what became of them", setting,
            [
                health["balanced"] == .bool(true)
                    ? "the parts add up to all that was received"
                    : "the parts do not add up to what was received, \(health["received"].cell)"
            ])
        return SumBar(caption, name: "received", unit: "messages", parts, width: setting.width ?? 460).picture
    }
}
