// swift-tools-version: 6.2
import PackageDescription

// Edges and comparisons of the parser guide the fuzzer; address sanitizer sees what it reads beside a message.
let instrumented: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .unsafeFlags(["-sanitize=address", "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp"]),
]

// The modules are symbolic links: the main package offers no libraries that another package could depend on.
let package = Package(
    name: "fuzz-wire",
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "Checksum", swiftSettings: instrumented),
        .target(name: "Record", dependencies: ["Checksum"], swiftSettings: instrumented),
        .target(name: "Wire", dependencies: ["Record"], swiftSettings: instrumented),
        .executableTarget(
            name: "FuzzWire", dependencies: ["CFuzzer", "Record", "Wire"], swiftSettings: instrumented,
            linkerSettings: [.unsafeFlags(["-sanitize=address"]), .linkedLibrary("stdc++")]),
    ]
)
