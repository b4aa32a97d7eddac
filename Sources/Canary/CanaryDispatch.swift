import Record
import Settings
import Store

/// Submits a canary batch and writes down its expected records.
public enum CanaryDispatch {
    /// - Parameters:
    ///   - submit: submits a batch job; not called for a batch of this machine.
    ///   - clock: microseconds since 1970 UTC.
    ///   - failed: called if the batch could not run.
    public static func send(
        _ order: CanaryBatch, ledger: any CanaryLedger,
        submit: (CanaryBatch) -> Result<String, CanaryRefusal> = SlurmCanaries.submit, clock: () -> Int64,
        failed: (CanaryUpdate) -> Void
    ) throws(StoreError) {
        // the batch is in the store before its first record can arrive; without news of its end, it counts as no loss
        let gracePeriod =
            86_400 + Int64(order.settings.waitSeconds)
            + Int64(order.settings.processes) * (CanaryRun.longestProcess / 1_000_000)
        try ledger.add(order.record(now: clock(), gracePeriod: gracePeriod))
        var news = CanaryUpdate(run: order.run)
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
