import ArgumentParser
import Query

/// A version on the command line.
struct ComparableVersion: ExpressibleByArgument {
    let version: PackageVersion

    init?(argument: String) {
        guard let version = PackageVersion(argument) else { return nil }
        self.version = version
    }
}
