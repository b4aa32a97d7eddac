import JSON

/// Slurm's lists of trackable resources (`slurm.conf(5)`, AccountingStorageTRES).
package enum SlurmResources {
    /// The GPUs in a list such as `cpu=8,gres/gpu=4,gres/gpu:a100=4,mem=800M`.
    ///
    /// - Returns: 0 for a list without GPUs; nil if there is no list, or if it cannot be read.
    package static func gpus(_ list: some StringProtocol) -> Int64? {
        if list.isEmpty { return nil }
        var found: [(name: String, count: Int64?)] = []
        for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let mark = entry.firstIndex(of: "=") else { return nil }
            let name = entry[..<mark]
            guard name.hasPrefix("gres/") else { continue }
            found.append((String(name.dropFirst(5)), Int64(entry[entry.index(after: mark)...])))
        }
        return gpus(found)
    }

    /// The GPUs in slurmrestd's form of such a list.
    static func gpus(_ list: JSON) -> Int64? {
        if list.elements.isEmpty { return nil }
        return gpus(
            list.elements.filter { $0["type"].text == "gres" }.map { ($0["name"].text ?? "", $0["count"].number) })
    }

    /// The count of a resource without a name of its own, such as `cpu`, in slurmrestd's form of a list.
    static func count(_ type: String, in list: JSON) -> Int64? {
        list.elements.first { $0["type"].text == type }?["count"].number
    }

    /// A list can have the GPUs of all kinds together, those of each kind, or both.
    private static func gpus(_ resources: [(name: String, count: Int64?)]) -> Int64? {
        let all = resources.filter { $0.name == "gpu" }
        let counted = all.isEmpty ? resources.filter { $0.name.hasPrefix("gpu:") } : all
        var sum: Int64 = 0
        for resource in counted {
            guard let count = SlurmText.count(resource.count) else { return nil }
            sum += count
        }
        return SlurmText.count(sum)
    }
}
