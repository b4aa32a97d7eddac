import Glibc
import Settings
import Testing

@Suite struct SettingsSourcesTests {
    /// A configuration file for one test.
    private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        var name = Array("/tmp/customs-settings-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        try #require(descriptor >= 0)
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        let written = write(descriptor, text, text.utf8.count)
        close(descriptor)
        try #require(written == text.utf8.count)
        return try body(path)
    }

    /// The settings that an empty file and these variables give.
    private func load(_ variables: [String: String], file: String = "") throws -> Settings {
        try withFile(file) { path in try SettingsSources.load(path: path) { variables[$0] } }
    }

    @Test("the defaults") func defaults() throws {
        let settings = try load(["HOME": "/home/ada"])
        #expect(settings.listen == ["udp://127.0.0.1:5140"] && settings.listenIsDefault)
        #expect(settings.stateDirectory == "/home/ada/.local/state/customs")
        #expect(settings.store == "sqlite:///home/ada/.local/state/customs/customs.sqlite")
        #expect(settings.http == nil)
        #expect(settings == Settings(stateDirectory: "/home/ada/.local/state/customs"))
    }

    @Test(
        "where the state goes",
        arguments: [
            ([:], "/var/lib/customs"),
            (["HOME": "/h"], "/h/.local/state/customs"),
            (["HOME": "/h", "XDG_STATE_HOME": "/x"], "/x/customs"),
            (["HOME": "/h", "XDG_STATE_HOME": "relative"], "/h/.local/state/customs"),
            (["HOME": "/h", "XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/var/lib/a:/var/lib/b"], "/var/lib/a"),
            (["STATE_DIRECTORY": "/var/lib/a", "CUSTOMS_STATE_DIR": "/c"], "/c"),
        ] as [([String: String], String)])
    func state(variables: [String: String], directory: String) throws {
        let settings = try load(variables)
        #expect(settings.stateDirectory == directory)
        #expect(settings.store == "sqlite://\(directory)/customs.sqlite")
    }

    @Test("the file wins over the defaults, the environment over the file") func precedence() throws {
        let file = """
            listen = "udp://127.0.0.1:1"
            store = "sqlite:///file"
            state_dir = "/file"
            http = "127.0.0.1:1"
            """
        let variables = [
            "HOME": "/h", "CUSTOMS_LISTEN": "udp://127.0.0.1:2, unixgram:///run/x",
            "CUSTOMS_STORE": "sqlite:///variable",
            "CUSTOMS_STATE_DIR": "/variable", "CUSTOMS_HTTP": "127.0.0.1:2",
        ]
        let fromFile = try load(["HOME": "/h"], file: file)
        #expect(fromFile.listen == ["udp://127.0.0.1:1"] && !fromFile.listenIsDefault)
        #expect(fromFile.store == "sqlite:///file" && fromFile.stateDirectory == "/file")
        #expect(fromFile.http == "127.0.0.1:1")
        let both = try load(variables, file: file)
        #expect(both.listen == ["udp://127.0.0.1:2", "unixgram:///run/x"] && !both.listenIsDefault)
        #expect(both.store == "sqlite:///variable" && both.stateDirectory == "/variable")
        #expect(both.http == "127.0.0.1:2")
    }

    @Test("the file on accounts is the configuration's or the environment's, and it is known which") func accounts()
        throws
    {
        let file = "[questions]\naccounts = '/etc/customs/accounts.csv'"
        let fromFile = try load([:], file: file)
        #expect(fromFile.questions.accounts == "/etc/customs/accounts.csv")
        #expect(fromFile.origins["questions.accounts"]?.hasSuffix(":2:1: accounts") == true)
        let both = try load(["CUSTOMS_ACCOUNTS": "/v.csv"], file: file)
        #expect(both.questions.accounts == "/v.csv" && both.origins["questions.accounts"] == "CUSTOMS_ACCOUNTS")
        #expect(try load([:]).questions.accounts == nil)
    }

    @Test("a state directory from the environment moves only the default store") func storeMoves() throws {
        #expect(try load(["CUSTOMS_STATE_DIR": "/v"], file: "state_dir='/f'").store == "sqlite:///v/customs.sqlite")
        #expect(try load(["CUSTOMS_STATE_DIR": "/v"], file: "store='sqlite:///f'").store == "sqlite:///f")
    }

    @Test("a variable names the file, and the argument wins over it") func fileByVariable() throws {
        try withFile("http = 'variable:1'") { variable in
            try withFile("http = 'argument:1'") { argument in
                let environment = ["CUSTOMS_CONFIG": variable]
                let fromVariable = try SettingsSources.load(path: nil) { environment[$0] }
                let fromArgument = try SettingsSources.load(path: argument) { environment[$0] }
                #expect(fromVariable.http == "variable:1" && fromArgument.http == "argument:1")
            }
        }
    }

    @Test("errors name the file") func errorNamesFile() throws {
        try withFile("typo = 1") { path in
            let error = #expect(throws: SettingsError.self) { try SettingsSources.load(path: path) { _ in nil } }
            #expect(error?.description.hasPrefix("\(path):1:1: typo: ") == true)
        }
    }

    @Test("a file that cannot be read is an error", arguments: ["/nowhere/customsd.toml", "/etc", "/proc/self/mem"])
    func unreadable(path: String) {
        let error = #expect(throws: SettingsError.self) { try SettingsSources.load(path: path) { _ in nil } }
        #expect(error?.description.hasPrefix("\(path): cannot read it: ") == true, "\(error?.description ?? "")")
    }

    @Test("an empty list of addresses is an error", arguments: [",", " ", " , ,"]) func noAddress(listen: String) {
        let error = #expect(throws: SettingsError.self) { try load(["CUSTOMS_LISTEN": listen]) }
        #expect(error?.description.hasPrefix("CUSTOMS_LISTEN: ") == true)
    }

    @Test("an empty variable is as good as none") func emptyVariable() {
        setenv("CUSTOMS_TEST_VARIABLE", "", 1)
        #expect(SettingsSources.processEnvironment("CUSTOMS_TEST_VARIABLE") == nil)
        setenv("CUSTOMS_TEST_VARIABLE", "x", 1)
        #expect(SettingsSources.processEnvironment("CUSTOMS_TEST_VARIABLE") == "x")
        unsetenv("CUSTOMS_TEST_VARIABLE")
        #expect(SettingsSources.processEnvironment("CUSTOMS_TEST_VARIABLE") == nil)
    }
}
