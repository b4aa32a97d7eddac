import ArgumentParser
import Query

/// One package that an answer is about, or none: as an argument, as other commands take it, or as an option.
struct PackageChoice: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Only this package, by its import name.", valueName: "package"),
        completion: StoreCompletion.names(.package))
    var named: String?

    @Option(
        name: .customLong("package"), help: ArgumentHelp("The same as <package>.", valueName: "package"),
        completion: StoreCompletion.names(.package))
    var optional: String?

    /// As it was written; nil for all packages.
    var name: String? { named ?? optional }

    func validate() throws {
        if named != nil, optional != nil { throw ValidationError("--package: the package is named already") }
    }
}
