import ArgumentParser
import Query

/// A version on the command line.
extension PackageVersion: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
