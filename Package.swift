// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// The released programs contain the Swift runtime, so that none is needed where they are installed.
///
/// It is said here and not by `--static-swift-stdlib`, because that flag changes what each file is compiled to. So the
/// programs and the tests, which need the shared runtime, are compiled once. The libraries are those that the static
/// Foundation needs.
let standalone: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"], .when(configuration: .release))
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func support(_ name: String, _ dependencies: [Target.Dependency], path: String) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

/// A release build optimizes what is tested, and not the tests themselves: they run once.
///
/// `optimized`: for tests that calculate for longer than the compiler would.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], optimized: Bool = false
) -> Target {
    let quickly: [SwiftSetting] = [
        .unsafeFlags(["-Onone", "-index-ignore-system-modules"], .when(configuration: .release))
    ]
    return .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict + (optimized ? [] : quickly))
}

let package = Package(
    name: "customs",
    products: [
        .executable(name: "customsd", targets: ["customsd"]),
        .executable(name: "customs", targets: ["customs"]),
    ],
    // Exact versions, because `Package.resolved` is not in the repository. Dependabot raises them.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CPQ", path: "Sources/CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "CDatagram", path: "Sources/CDatagram"),
        .target(name: "CStream", path: "Sources/CStream"),
        .target(
            name: "CTLS", path: "Sources/CTLS",
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CCrypt", path: "Sources/CCrypt", linkerSettings: [.linkedLibrary("crypt")]),
        .target(
            name: "CDefinitions", path: "Sources/CDefinitions", cSettings: [.headerSearchPath("../../docs")]),
        .target(name: "CFileSystem", path: "Sources/CFileSystem"),
        .target(name: "CVersion", path: "Sources/CVersion"),
        .target(name: "CCurl", path: "Sources/CCurl", linkerSettings: [.linkedLibrary("curl")]),

        module("Version", ["CVersion"]),
        module("Checksum"),
        module("SystemClock"),
        module("Threads", ["SystemClock"]),
        module("Record", ["Checksum"]),
        module("Wire", ["Record"]),
        module("JSON", ["Wire"]),
        module("Journal", ["Checksum", "CFileSystem", "Threads"]),
        module("Jobs", ["Record"]),
        module("Merge", ["Record", "Checksum"]),
        module("Store", ["Record", "Jobs", "Merge", "Checksum", "SystemClock", "CPQ", "CSQLite"]),
        module("Sockets", ["CDatagram"]),
        module("Listen", ["CDatagram", "CStream", "CTLS", "Sockets"]),
        module("Settings", ["Record", .product(name: "TOMLKit", package: "TOMLKit")]),
        module("DaemonMetrics", ["Record"]),
        module("Log", ["SystemClock"]),
        module("Archive", ["Checksum", "CZlib", "CZstd"]),
        module("Import", ["Archive", "Merge", "Record", "Store", "SystemClock", "Wire"]),
        module("Query", ["Checksum", "JSON", "Merge", "Record", "Store", "SystemClock", "Threads", "Wire"]),
        module("HTML", ["JSON"]),
        module("Plot"),
        module("Report", ["HTML", "JSON", "Query", "Record"]),
        module("Pages", ["CDefinitions", "Checksum", "HTML", "JSON", "Plot", "Query", "Record", "Report", "Wire"]),
        module("Processes", ["CFileSystem", "SystemClock"]),
        module("HookTree", ["CFileSystem", "Checksum", "Processes", "Sockets", "SystemClock"]),
        module("Slurm", ["CCurl", "JSON", "Jobs", "Processes", "Record"]),
        module("Canary", ["Jobs", "Processes", "Record", "Settings", "Store"]),

        module("HTTPConnections", [.product(name: "NIOCore", package: "swift-nio")]),
        module(
            "DaemonWeb",
            [
                "DaemonMetrics", "HTTPConnections", log, lifecycle, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
        module(
            "Web",
            [
                "CCrypt", "CZlib", "Checksum", "HTTPConnections", "JSON", "Pages", "Plot", "Query", "Record", "Store",
                "SystemClock", "Threads", log, lifecycle, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
        // The journal parts the flow: what receives can import neither what merges nor what stores.
        module(
            "Receive",
            ["DaemonMetrics", "Journal", "Listen", "Record", "Sockets", "SystemClock", "Threads", "Wire", log]),
        module(
            "Write",
            [
                "DaemonMetrics", "Journal", "Merge", "Record", "Settings", "Store", "SystemClock", "Threads", "Wire",
                log,
            ]),
        module(
            "Background",
            [
                "Canary", "DaemonMetrics", "Jobs", "Query", "Record", "Settings", "Store", "SystemClock", "Threads",
                log,
            ]),
        module(
            "Pipeline",
            [
                "Background", "DaemonMetrics", "Journal", "Listen", "Receive", "Record", "Settings", "Sockets",
                "Store", "SystemClock", "Threads", "Write", log,
            ]),

        .executableTarget(
            name: "customsd",
            dependencies: [
                "Background", "Canary", "DaemonMetrics", "DaemonWeb", "Jobs", "Journal", "Listen", "Log", "Pipeline",
                "Record", "Settings", "Slurm", "Sockets", "Store", "Threads", "Version", arguments, log, lifecycle,
                signals,
            ],
            swiftSettings: strict, linkerSettings: standalone),
        .executableTarget(
            name: "customs",
            dependencies: [
                "Archive", "Canary", "Checksum", "HookTree", "Import", "JSON", "Pages", "Plot", "Processes", "Query",
                "Record", "Report", "Settings", "Sockets", "Store", "SystemClock", "Threads", "Version", "Web", "Wire",
                arguments, lifecycle, log, signals,
            ],
            swiftSettings: strict, linkerSettings: standalone),

        // what the tests of several modules share
        support("TemporaryFolders", [], path: "Tests/TemporaryFolders"),
        support("SampleRecords", ["Record"], path: "Tests/RecordTests/SampleRecords"),
        support(
            "FakeStores", ["Checksum", "Merge", "Record", "Store", "Threads"], path: "Tests/WriteTests/FakeStores"),
        support("TestDatabases", ["Store"], path: "Tests/StoreTests/TestDatabases"),

        tests("PackageTests", []),
        tests(
            "ReceiveTests",
            [
                "DaemonMetrics", "Journal", "Listen", "Receive", "Record", "Sockets", "SystemClock",
                "TemporaryFolders", "Threads", log,
            ]),
        tests(
            "WriteTests",
            [
                "DaemonMetrics", "FakeStores", "Journal", "Record", "Settings", "Store", "TemporaryFolders",
                "Threads", "Wire", "Write", log,
            ],
            exclude: ["FakeStores"]),
        tests("ImportTests", ["Archive", "Checksum", "FakeStores", "Import", "Record", "Store"]),
        tests("ChecksumTests", ["Checksum"]),
        tests("RecordTests", ["Record", "SampleRecords"], exclude: ["SampleRecords"]),
        tests("WireTests", ["Record", "Wire"], exclude: ["Cases"], optimized: true),
        tests("ListenTests", ["Listen", "Sockets", "TemporaryFolders"]),
        tests("JournalTests", ["Checksum", "Journal", "TemporaryFolders"]),
        tests("MergeTests", ["Checksum", "Merge", "Record", "SampleRecords"]),
        tests(
            "StoreTests", ["Checksum", "Jobs", "Merge", "Query", "Record", "SampleRecords", "Store", "TestDatabases"],
            exclude: ["TestDatabases"]),
        tests(
            "QueryTests",
            ["JSON", "Merge", "Query", "Record", "SampleRecords", "Store", "TestDatabases", "Threads"]),
        tests("ReportTests", ["HTML", "JSON", "Query", "Record", "Report"]),
        tests("PlotTests", ["Plot"], optimized: true),
        tests("PagesTests", ["JSON", "Pages", "Plot", "Query"]),
        tests("WebTests", ["JSON", "Pages", "Query", "Web"]),
        tests("SettingsTests", ["Record", "Settings"]),
        tests("CanaryTests", ["Canary", "Jobs", "Record", "Settings", "TemporaryFolders"]),
        tests("DaemonMetricsTests", ["DaemonMetrics", "Record"]),
        tests("LogTests", ["Log"]),
        tests("HookTreeTests", ["HookTree", "Processes", "SystemClock"]),
        tests("JSONTests", ["JSON"]),
        tests("JobsTests", ["Jobs", "Record"]),
        tests("SlurmTests", ["Jobs", "Record", "Slurm"], exclude: ["Captures"]),
        tests("ArchiveTests", ["Archive", "Checksum", "CZlib", "CZstd", "SampleRecords"]),
    ],
    cxxLanguageStandard: .cxx17
)
