import CFileSystem
import Glibc

/// A tree that is made beside the place where it is to be, and goes there whole.
///
/// Running jobs use what is there. They find files by their paths, at start and at exit, so at every moment there is
/// either the old tree or the new one.
public struct StagedTree: Sendable {
    public let place: HookPlace
    /// Where it is now.
    public let directory: String
    private let home: String

    public init(for place: HookPlace) throws(HookTreeError) {
        self.place = place
        let above = Path.parent(place.directory)
        try Files.makeDirectories(above)
        // a home that only its owner can enter: nobody sees the tree before its time
        home = try Files.makeOwnDirectory(above + "/" + place.temporaryStem)
        directory = home + "/new"
    }

    /// Writes the source with a configured `sitecustomize.py`, and takes over the site's own files.
    public func write(_ source: HookSource, configured: [UInt8]) throws(HookTreeError) {
        try Files.makeDirectories(directory)
        for file in source.files {
            let path = directory + "/" + file
            try Files.makeDirectories(Path.parent(path))
            let bytes = file == "sitecustomize.py" ? configured : try Files.contents(of: source.path(file))
            try Files.make(path, bytes, mode: file == "customs_sweep.py" ? 0o755 : 0o644)
            // what is compiled for Python 3.6 bears it
            try Files.fixTime(path)
        }
        for name in place.kept where link(place.directory + "/" + name, directory + "/" + name) != 0 {
            throw .last("link", place.directory + "/" + name)
        }
    }

    /// All its files as paths below it, sorted.
    public var files: [String] { StagedTree.files(below: directory) }

    /// Lets it take its place, and removes what was there.
    ///
    /// - Returns: a warning, if the old one could not be removed.
    public func putInPlace() throws(HookTreeError) -> String? {
        for file in files where !place.kept.contains(file) { try Files.fixTime(directory + "/" + file) }
        // compiled files that a crash had emptied would make each start fail aloud
        try Files.sync(directory)
        let old = home + "/old"
        if !place.isThere {
            guard rename(directory, place.directory) == 0 else { throw .last("rename", place.directory) }
        } else if filesystem_exchange(directory, place.directory) != 0 {
            try putInPlaceByTwoSteps(old)
        }
        do { try Files.removeTree(home) } catch { return "the old tree is left: \(error)" }
        return nil
    }

    /// Removes it.
    public func discard() { try? Files.removeTree(home) }

    /// Where the file system cannot let two directories change places: for a moment there is none, which is silent.
    private func putInPlaceByTwoSteps(_ old: String) throws(HookTreeError) {
        guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else { throw .last("renameat2", place.directory) }
        guard rename(place.directory, old) == 0 else { throw .last("rename", place.directory) }
        guard rename(directory, place.directory) == 0 else {
            let error = HookTreeError.last("rename", place.directory)
            rename(old, place.directory)
            throw error
        }
    }

    private static func files(below directory: String) -> [String] {
        (Files.entries(of: directory) ?? []).flatMap { name in
            let path = directory + "/" + name
            return Files.status(path, follow: false)?.isDirectory == true
                ? files(below: path).map { name + "/" + $0 } : [name]
        }
    }
}
