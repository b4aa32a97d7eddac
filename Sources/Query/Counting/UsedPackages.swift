import Record

/// The packages of several processes, each with its known versions.
public struct UsedPackages: Sendable, Equatable {
    public struct Package: Sendable, Equatable {
        public let name: String
        /// In the order of their bytes.
        public let versions: [String]
        /// Whether the user's own code imported it somewhere; nil if that is not known of any process.
        public let isDirect: Bool?

        /// The versions as one text; nil if none is known.
        public var version: String? { versions.isEmpty ? nil : versions.joined(separator: ", ") }
    }

    private struct Use: Equatable {
        var versions: Set<ExactText> = []
        var isDirect: Bool?
    }

    private var uses: [ExactText: Use] = [:]

    mutating func add(_ name: String, version: String?, isDirect: Bool?) {
        var use = uses[ExactText(name)] ?? Use()
        if let version { use.versions.insert(ExactText(version)) }
        if let isDirect { use.isDirect = use.isDirect == true || isDirect }
        uses[ExactText(name)] = use
    }

    /// By name.
    public var all: [Package] {
        uses.sorted { $0.key < $1.key }.map { name, use in
            Package(
                name: name.string, versions: use.versions.sorted().map { $0.string }, isDirect: use.isDirect)
        }
    }

    /// `numpy=1.26.4`: first those that the user's own code imported, where that is known.
    public var texts: [String] {
        let all = all
        return (all.filter { $0.isDirect == true } + all.filter { $0.isDirect != true }).map {
            $0.name + ($0.versions.isEmpty ? "" : "=" + $0.versions.joined(separator: "/"))
        }
    }

    /// The names of those that the user's own code imported; nil if that is not known.
    var direct: [String]? {
        let all = all
        return all.contains { $0.isDirect != nil } ? all.filter { $0.isDirect == true }.map { $0.name } : nil
    }
}
