// swift-tools-version: 6.2
import PackageDescription

// Edges and comparisons of the framing guide the fuzzer; address sanitizer sees what it reads beside a stream.
let instrumented: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .unsafeFlags(["-sanitize=address", "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp"]),
]

// The framing is a symbolic link, for the module that it stands in needs OpenSSL; the fuzzer's header is the parser's.
let package = Package(
    name: "fuzz-framing",
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "Framing", swiftSettings: instrumented),
        .executableTarget(
            name: "FuzzFraming", dependencies: ["CFuzzer", "Framing"], swiftSettings: instrumented,
            linkerSettings: [.unsafeFlags(["-sanitize=address"]), .linkedLibrary("stdc++")]),
    ]
)
