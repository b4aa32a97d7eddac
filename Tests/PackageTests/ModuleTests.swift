import Testing

/// The flow goes one way because `Package.swift` says so. The compiler accepts an undeclared import if the other module
/// happens to be built first.
struct ModuleTests {
    private let manifest: Manifest

    init() throws { manifest = try Manifest() }

    @Test func whatReceivesCanReachNeitherMergeNorStore() throws {
        let reach = manifest.reach(of: "Receive")
        #expect(reach.isSuperset(of: ["Listen", "Wire", "Journal"]))
        #expect(reach.isDisjoint(with: ["Merge", "Store", "Query", "Write", "Background", "Pipeline"]))
    }

    @Test func aModuleImportsOnlyWhatItDeclares() throws {
        #expect(manifest.dependencies.count > 20)
        for (module, declared) in manifest.dependencies {
            for file in try manifest.files(of: module) {
                let undeclared = try manifest.imports(of: file).subtracting(declared).subtracting([module])
                #expect(undeclared.isEmpty, "\(file) imports what Package.swift does not give \(module)")
            }
        }
    }

    @Test func noModuleImportsUpwards() {
        for module in manifest.dependencies.keys { #expect(!manifest.reach(of: module).contains(module)) }
    }

    @Test func theCommandNeedsNoStreams() {
        #expect(!manifest.reach(of: "customs").contains("Listen"))
    }

    @Test func receivingAndQuestionsNeedNoNIO() throws {
        // pages over HTTP alone need it
        let modules = manifest.reach(of: "customs").union(["customs", "Listen"])
        for module in modules.subtracting(["HTTPConnections", "Web"]) {
            for file in try manifest.files(of: module) {
                #expect(try manifest.allImports(of: file).allSatisfy { !$0.hasPrefix("NIO") }, "\(file)")
            }
        }
    }
}
