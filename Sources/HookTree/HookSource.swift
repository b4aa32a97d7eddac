import Glibc

/// The files of a hook, from which trees are installed.
public struct HookSource: Sendable, Equatable {
    public let directory: String
    /// The hook's Python files as paths below the directory, sorted.
    public let files: [String]

    /// - Parameters:
    ///   - directory: the directory to use; nil for the one beside the program.
    ///   - program: this program's own path.
    public init(directory: String?, program: String) throws(HookTreeError) {
        let places = directory.map { [Path.absolute($0)] } ?? HookSource.places(program)
        for place in places {
            let files = HookSource.files(of: place)
            if files.contains("sitecustomize.py"), files.contains("customs_hook/install/configure.py") {
                self.directory = place
                self.files = files
                return
            }
        }
        throw .noSource(lookedIn: places)
    }

    public func path(_ file: String) -> String { directory + "/" + file }

    /// The possible directories: an installed hook lies under the same prefix, one in a checkout above the build
    /// folder.
    private static func places(_ program: String) -> [String] {
        let prefix = Path.parent(Path.parent(program))
        var places = [prefix + "/share/customs/sitecustomize"]
        var above = Path.parent(program)
        while above != "/" {
            if Path.name(above) == ".build" { places.append(Path.parent(above) + "/sitecustomize") }
            above = Path.parent(above)
        }
        return places
    }

    private static func files(of directory: String) -> [String] {
        var found: [String] = []
        for name in Files.entries(of: directory) ?? [] where !name.hasPrefix(".") && name != "__pycache__" {
            let path = directory + "/" + name
            if Files.status(path)?.isDirectory == true {
                found += files(of: path).map { name + "/" + $0 }
            } else if name.hasSuffix(".py") {
                found.append(name)
            }
        }
        return found
    }
}

/// The path of this program's own file.
public func ownPath() -> String { Path.resolved("/proc/self/exe") ?? "/" }
