import CFileSystem
import Glibc

/// A tree that is made beside its final place and moved there whole.
///
/// Running jobs use the installed files. They find files by their paths, at start and at exit. So at every moment there
/// must be either the old tree or the new one.
public struct StagedTree: Sendable {
    public let place: HookPlace
    /// The tree's present directory.
    public let directory: String
    private let home: String

    public init(for place: HookPlace) throws(HookTreeError) {
        self.place = place
        let above = Path.parent(place.directory)
        try Files.makeDirectories(above)
        // a directory that only its owner can enter, so that no process finds the unfinished tree
        home = try Files.makeOwnDirectory(above + "/" + place.temporaryStem)
        directory = home + "/new"
    }

    /// Writes the source with a configured `sitecustomize.py`, and copies the site's own files.
    public func write(_ source: HookSource, configured: [UInt8]) throws(HookTreeError) {
        try Files.makeDirectories(directory)
        for file in source.files {
            let path = directory + "/" + file
            try Files.makeDirectories(Path.parent(path))
            let bytes = file == "sitecustomize.py" ? configured : try Files.contents(of: source.path(file))
            try Files.make(path, bytes, mode: file == "customs_sweep.py" ? 0o755 : 0o644)
            // Python 3.6 writes this time into its compiled files
            try Files.fixTime(path)
        }
        for name in place.kept where link(place.directory + "/" + name, directory + "/" + name) != 0 {
            throw .last("link", place.directory + "/" + name)
        }
    }

    /// All files of the tree as paths below it, sorted.
    public var files: [String] { StagedTree.files(below: directory) }

    /// Writes the digests of the tree's files, but for those of the site's own.
    public func writeDigests() throws(HookTreeError) {
        try TreeDigests.write(files.filter { !place.kept.contains($0) }, of: directory)
    }

    /// Moves the tree to its place, and removes the old one.
    ///
    /// - Returns: a warning, if the old one could not be removed.
    public func putInPlace() throws(HookTreeError) -> String? {
        for file in files where !place.kept.contains(file) { try Files.fixTime(directory + "/" + file) }
        // if a crash emptied compiled files, each start of Python would fail with an error message
        try Files.sync(directory)
        let old = home + "/old"
        if !place.isThere {
            guard rename(directory, place.directory) == 0 else { throw .last("rename", place.directory) }
        } else if filesystem_exchange(directory, place.directory) != 0 {
            try putInPlaceByTwoSteps(old)
        }
        do { try Files.removeTree(home) } catch { return "the old tree could not be removed: \(error)" }
        return nil
    }

    /// Removes the unfinished tree.
    public func discard() { try? Files.removeTree(home) }

    /// For a file system that cannot exchange two directories: for a moment there is no tree, and Python starts without
    /// it, silently.
    private func putInPlaceByTwoSteps(_ old: String) throws(HookTreeError) {
        guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else { throw .last("renameat2", place.directory) }
        guard rename(place.directory, old) == 0 else { throw .last("rename", place.directory) }
        guard rename(directory, place.directory) == 0 else {
            let error = HookTreeError.last("rename", place.directory)
            rename(old, place.directory)
            throw error
        }
    }

    static func files(below directory: String) -> [String] {
        (Files.entries(of: directory) ?? []).flatMap { name in
            let path = directory + "/" + name
            return Files.status(path, follow: false)?.isDirectory == true
                ? files(below: path).map { name + "/" + $0 } : [name]
        }
    }
}
