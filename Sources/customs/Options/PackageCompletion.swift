import ArgumentParser
import Query

extension DistributionNames {
    /// Completions for shells: distributions and import names.
    static var completion: CompletionKind { .list(names) }
}
