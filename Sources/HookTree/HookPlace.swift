import Glibc

/// The directory in which a hook is installed, or will be.
public struct HookPlace: Sendable {
    /// The path for PYTHONPATH.
    public let prefix: String
    /// The path without symbolic links: the directory that is replaced.
    public let directory: String
    /// The site's own files in the directory; they are kept.
    public let kept: [String]
    public let isThere: Bool

    /// - Parameter files: the hook's own files, as paths below the directory.
    public init(prefix given: String, files: [String]) throws(HookTreeError) {
        let prefix = Path.absolute(given)
        guard !prefix.contains(":"), !prefix.contains("\n") else {
            throw .refused(
                "--prefix \(given): PYTHONPATH cannot hold a directory with a colon or a line break in its name")
        }
        guard Path.parent(prefix) != prefix else { throw .refused("--prefix \(given): name a directory of its own") }
        self.prefix = prefix
        isThere = Files.status(prefix, follow: false) != nil
        guard isThere else {
            // the existing part of the path may contain symbolic links
            directory = HookPlace.directory(notYetAt: prefix)
            kept = []
            return
        }
        guard let real = Path.resolved(prefix), Files.status(real)?.isDirectory == true else {
            throw .refused("\(prefix) is not a directory: name another, or move it away")
        }
        directory = real
        kept = try HookPlace.kept(in: real, files: files)
    }

    /// Whether a directory holds an installed hook.
    public static func isHook(_ directory: String) -> Bool {
        guard let bytes = try? Files.contents(of: directory + "/sitecustomize.py") else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("\n# --- site:") && text.contains("\n# --- end of what the site has set")
    }

    /// Warnings for the person who installs here.
    public var warnings: [String] {
        var found: [String] = []
        var above = directory
        repeat {
            above = Path.parent(above)
            guard let status = Files.status(above) else { continue }
            if status.st_mode & 0o002 != 0 {
                let isSticky = status.st_mode & 0o1000 != 0
                let danger = isSticky ? "make this directory while it is missing" : "put another tree there"
                found.append("\(above) is world-writable: any user could \(danger)")
            } else if status.st_uid != 0, status.st_uid != geteuid() {
                found.append("\(above) belongs to uid \(status.st_uid), who could put another tree there")
            }
            if status.st_mode & 0o001 == 0 {
                found.append("not every user can enter \(above): users who cannot enter it are not recorded")
            }
        } while above != "/"
        if geteuid() != 0 {
            found.append("the tree belongs to uid \(geteuid()), because you are not root")
        }
        let leftovers = (Files.entries(of: Path.parent(directory)) ?? []).filter { $0.hasPrefix(temporaryStem) }
        found += leftovers.map {
            "\(Path.parent(directory))/\($0) is left from an interrupted installation: remove it if none is running"
        }
        return found
    }

    /// The beginning of the names of temporary directories beside the hook's.
    var temporaryStem: String { "." + Path.name(directory) + ".customs-" }

    private static func directory(notYetAt prefix: String) -> String {
        let above = Path.parent(prefix)
        return (Path.resolved(above) ?? directory(notYetAt: above)) + "/" + Path.name(prefix)
    }

    /// The files in a directory that are not the hook's. Throws if the directory may be another program's.
    private static func kept(in directory: String, files: [String]) throws(HookTreeError) -> [String] {
        let names = Files.entries(of: directory) ?? []
        if names.isEmpty { return [] }
        guard isHook(directory) else {
            throw .refused("\(directory) is neither empty nor a hook's tree: name another directory")
        }
        let ours = Set(files.map { $0.prefix { $0 != "/" } } + ["__pycache__", "customs_hook", "customs_sweep.py"])
        let foreign = names.filter { !ours.contains($0[...]) }
        for name in foreign
        where name.hasSuffix(".py") || Files.status(directory + "/" + name, follow: false)?.isFile != true {
            throw .refused("\(directory)/\(name) is not the hook's: move it away")
        }
        return foreign
    }
}
