import JSON
import Plot
import Query
import Record
import Wire

/// A job's steps and processes over time.
enum JobPlot {
    /// More are in the table alone.
    private static let mostRuns = 60

    private struct Run {
        let step: String
        let start: Int64?
        let last: Int64?
        let json: JSON
    }

    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        let job = answer.json
        let all = job["runs"].elements
        let runs = all.prefix(mostRuns).map { run in
            Run(step: run["step_id"].plain, start: time(run["first_seen"]), last: time(run["last_seen"]), json: run)
        }
        var rows = [heading(of: job, runs)].compactMap { $0 }
        var steps: [String] = []
        for run in runs where !steps.contains(run.step) { steps.append(run.step) }
        for step in steps {
            let own = runs.filter { $0.step == step }
            if !step.isEmpty || steps.count > 1 {
                let name = step.isEmpty ? "outside of steps" : "step \(printable(step))"
                rows.append(
                    Timeline.Row(
                        name: name, from: own.compactMap { $0.start }.min(), to: own.compactMap { $0.last }.max(),
                        outcome: "", detail: "\(name): \(own.count) \(own.count == 1 ? "run" : "runs")", tone: .rest,
                        isHeading: true))
            }
            rows += own.map { row(of: $0) }
        }
        let caption = PlotWords.caption(
            "Job \(job["job_id"].plain): steps and processes over time", setting,
            [
                "times are UTC; a bar goes from the start of a run's first process to the last sign of its last",
                PlotWords.part(runs.count, of: all.count, "runs"),
            ])
        return Timeline(caption, rows, now: setting.now, width: setting.width ?? 720).picture
    }

    /// The job by Slurm; nil if its times are unknown.
    private static func heading(of job: JSON, _ runs: [Run]) -> Timeline.Row? {
        guard let start = time(job["start"]) else { return nil }
        let state = job["state"] == .null ? "" : printable(job["state"].plain)
        return Timeline.Row(
            name: "job, by Slurm", from: start, to: time(job["end"]), outcome: state,
            detail: "job, by Slurm: \(state), from \(job["start"].plain) to \(job["end"].plain)", tone: .rest,
            isHeading: true)
    }

    private static func row(of run: Run) -> Timeline.Row {
        let word = run.json["end"].plain
        let end = ProcessEnd.allCases.first { $0.name == word } ?? .exit
        let program = printable(run.json["main"].plain)
        let name = program.isEmpty ? printable(run.json["executable"].plain) : program
        let processes = run.json["processes"].number ?? 1
        // of a path the file's name is enough
        let short = name.split(separator: "/").last.map { String($0) } ?? name
        return Timeline.Row(
            name: processes > 1 ? "\(NumberLabel.tick(processes)) × \(short)" : short, from: run.start,
            to: end == .running ? nil : run.last, outcome: printable(word),
            detail: "\(PlotWords.end(of: name, count: 200)): \(run.json["processes"].cell) processes, "
                + "\(printable(word)), \(run.json["first_seen"].plain) to \(run.json["last_seen"].plain)",
            tone: EndPlot.tone(of: end))
    }

    private static func time(_ value: JSON) -> Int64? {
        guard case .text(let text) = value else { return nil }
        var copy = text
        return copy.withUTF8 { Timestamp.rfc3339(UnsafeRawBufferPointer($0)) }
    }
}
