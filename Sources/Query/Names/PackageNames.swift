import Store

public enum PackageNames {
    /// What a person calls a package.
    public enum Meaning: Sendable, Equatable {
        /// The name by which programs import it.
        case importName(String)
        /// The name of a distribution on the package index; programs import it by another one.
        case distribution(importName: String)
        case unknown(UnknownName)
    }

    /// The names of all packages that were ever stored, in the order of their bytes.
    public static func all(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        try KnownNames.all(.package, connection)
    }

    /// The package that a name stands for. A package that is imported under the very name comes first.
    public static func meaning(of name: String, _ connection: any SQLConnection) throws(StoreError) -> Meaning {
        let known = try all(connection)
        if known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return .importName(name) }
        guard let imported = DistributionNames.importName(of: name, used: known) else {
            let called = DistributionNames.table.filter { $0.value.contains(where: known.contains) }.keys
            let unknown = try UnknownName.check(name, .package, among: known + called.sorted(), connection)
            return unknown.map { .unknown($0) } ?? .importName(name)
        }
        if known.contains(imported) { return .distribution(importName: imported) }
        var unknown = UnknownName(kind: .package, name: name)
        unknown.importName = imported
        return .unknown(unknown)
    }
}
