import ArgumentParser
import Query

/// A version on the command line, with its text.
struct WrittenVersion: ExpressibleByArgument {
    let text: String
    let version: PackageVersion

    init?(argument: String) {
        guard let version = PackageVersion(argument) else { return nil }
        text = argument
        self.version = version
    }
}
