import Record
import Settings
import Store

/// Sends a run out and writes down what is to be expected of it.
public enum CanaryDispatch {
    /// - Parameters:
    ///   - submit: sends it out as a batch job; where it is none, nobody asks.
    ///   - clock: microseconds since 1970 UTC.
    ///   - failed: is told if it could not run.
    public static func send(
        _ order: CanaryOrder, ledger: any CanaryLedger,
        submit: (CanaryOrder) -> Result<String, SlurmCanaries.Refusal> = SlurmCanaries.submit, clock: () -> Int64,
        failed: (CanaryNews) -> Void
    ) throws(StoreError) {
        // it stands in the store before its first record can, and is no loss if nobody comes to tell of its end
        let patience =
            86_400 + Int64(order.settings.waitSeconds)
            + Int64(order.settings.processes) * (CanaryRun.longestProcess / 1_000_000)
        try ledger.add(order.record(now: clock(), patience: patience))
        var news = CanaryNews(run: order.run)
        if !order.settings.isJob {
            news.started = clock()
            news.failure = LocalCanaries.run(order)
            news.ended = clock()
            news.deadline = clock() + Int64(order.settings.waitSeconds) * 1_000_000
        } else {
            switch submit(order) {
            case .success(let job): news.slurmJob = job
            case .failure(let refusal): news.failure = refusal.why
            }
        }
        try ledger.note(news)
        if news.failure != nil { failed(news) }
    }
}
