import Store
import Testing

@Suite struct LocationTests {
    @Test(
        "what names a store",
        arguments: [
            ("sqlite:///var/lib/customs/customs.sqlite", .sqlite, "/var/lib/customs/customs.sqlite"),
            ("sqlite://relative/file", .sqlite, "relative/file"),
            ("sqlite:///with space?and=mark", .sqlite, "/with space?and=mark"),
            ("postgres://u@h/db", .postgres, "postgres://u@h/db"),
            ("postgresql:///db?host=/run", .postgres, "postgresql:///db?host=/run"),
            ("host=/run dbname=customs", .postgres, "host=/run dbname=customs"),
            ("service=customs", .postgres, "service=customs"),
        ] as [(String, Database, String)])
    func good(text: String, database: Database, address: String) throws {
        #expect(try StoreLocation(text) == StoreLocation(database: database, address: address))
    }

    @Test(
        "what names none",
        arguments: ["", "customs", "sqlite://", "sqlite:///", "/var/lib/x", "mysql://u:secret@h/db", "http://x=1"])
    func bad(text: String) {
        let error = #expect(throws: StoreError.self) { try StoreLocation(text) }
        #expect(kind(error) == "badLocation" && error?.canRetry == false)
        #expect(!"\(error.map { "\($0)" } ?? "")".contains("secret"))
    }

    @Test(
        "a password is never shown",
        arguments: [
            ("postgres://u:secret@h:5432/db", "postgres://u:***@h:5432/db"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("postgres://u:secret@/db?host=/run", "postgres://u:***@/db?host=/run"),
            ("postgres://:secret@h/db", "postgres://:***@h/db"),
            ("postgres://u:se@cret@h/db", "postgres://u:***@h/db"),
            ("postgres://u:sec/ret@h/db", "postgres://u:***@h/db"),
            ("postgres://u:sec?ret@h/db?host=/run", "postgres://u:***@h/db?host=/run"),
            ("postgres://h/db?user=a@b&password=s@t", "postgres://h/db?user=a@b&password=***"),
            (
                "postgres://h/db?user=u&password=secret&sslmode=require",
                "postgres://h/db?user=u&password=***&sslmode=require"
            ),
            ("postgres://h/db?sslpassword=secret", "postgres://h/db?sslpassword=***"),
            ("host=h user=u password=secret dbname=db", "host=h user=u password=*** dbname=db"),
            ("host=h password='a secret' dbname=db", "host=h password=*** dbname=db"),
            ("host=h password='it\\'s secret' dbname=db", "host=h password=*** dbname=db"),
            ("password = secret host = h", "password=*** host=h"),
            ("password =secret host=h", "password=*** host=h"),
            ("password= secret", "password=***"),
            ("PASSWORD=secret", "PASSWORD=***"),
            ("password=a secret host=h", "password=*** *** host=h"),
            ("password=a\\ secret host=h", "password=*** host=h"),
            ("host=h\tpassword=secret", "host=h password=***"),
        ])
    func redacted(text: String, shown: String) throws {
        #expect(try StoreLocation(text).description == shown)
    }
}
