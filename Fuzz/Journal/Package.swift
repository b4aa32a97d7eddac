// swift-tools-version: 6.2
import PackageDescription

// Edges and comparisons of the journal guide the fuzzer; address sanitizer sees what it reads beside a file.
let instrumented: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .unsafeFlags(["-sanitize=address", "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp"]),
]

// The modules are symbolic links: the main package offers no libraries that another package could depend on.
let package = Package(
    name: "fuzz-journal",
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "CFileSystem"),
        .target(name: "Checksum", swiftSettings: instrumented),
        .target(name: "SystemClock", swiftSettings: instrumented),
        .target(name: "Threads", dependencies: ["SystemClock"], swiftSettings: instrumented),
        .target(
            name: "Journal", dependencies: ["Checksum", "CFileSystem", "Threads"], swiftSettings: instrumented),
        .executableTarget(
            name: "FuzzJournal", dependencies: ["CFuzzer", "Journal"], swiftSettings: instrumented,
            linkerSettings: [.unsafeFlags(["-sanitize=address"]), .linkedLibrary("stdc++")]),
    ]
)
