import Pages
import Testing
import Web

@Suite struct AddressTests {
    private func target(_ path: String, _ query: String? = nil) throws(AddressError) -> Target {
        try Address.target(path: path, query: query, isPublic: false)
    }

    @Test("files of questions") func files() throws {
        #expect(
            try target("/top.json", "since=30d&direct")
                == .file(
                    PageQuestion(.top, options: [PageOption("since", "30d"), PageOption("direct", nil)]), .json))
        #expect(try target("/job/42.csv") == .file(PageQuestion(.job, "42"), .csv))
        #expect(
            try target("/trend/dask/astropy.io.fits.csv")
                == .file(PageQuestion(.trend, "dask", "astropy.io.fits"), .csv))
        #expect(
            try target("/accounts.json") == .file(PageQuestion(.top, options: [PageOption("per", "account")]), .json))
        #expect(try target("/together.csv") == .file(PageQuestion(.correlate), .csv))
        #expect(try target("/package/x.json.html") == .page(.package("x.json", [])))
    }

    @Test("names in addresses are decoded after they are parted") func names() throws {
        #expect(try target("/package/a%2Fb%3Cc") == .page(.package("a/b<c", [])))
        #expect(try target("/user/..") == .page(.user("..", [])))
    }

    @Test(
        "what is no page",
        arguments: [
            "/nothing", "/top/numpy", "/package", "/package/a/b", "/job", "/index.php", "/../etc/passwd", "/sql",
        ])
    func unknown(path: String) {
        let error = #expect(throws: AddressError.self) { try target(path) }
        #expect(error?.kind == .unknown)
    }

    @Test(
        "what is no address",
        arguments: [
            ("/top", "since"), ("/top", "since=1&since=2"), ("/top", "store=/x"), ("/top", "direct=yes"),
            ("/top", "system=%ff"), ("/top", "system=a%00"), ("/packages", "per=user"), ("/", "columns=x"),
            ("/package/%zz", ""), ("/top", "x=" + String(repeating: "a", count: 9_000)),
        ])
    func malformed(path: String, query: String) {
        let error = #expect(throws: AddressError.self) { try target(path, query) }
        #expect(error?.kind == .malformed)
    }
}
