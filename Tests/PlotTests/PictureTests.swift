import Plot
import Testing

@Suite struct PictureTests {
    private func bars(link: String? = nil, name: String = "numpy") -> Picture {
        BarChart(
            Caption(id: "top packages", title: "Packages by users", description: "30 days"), unit: "users",
            [
                BarChart.Bar(name: name, value: 9_750, detail: "\(name): 9,750 users", link: link),
                BarChart.Bar(name: "dask", value: nil, detail: "dask: not known", link: link),
            ]
        ).picture
    }

    @Test("a picture has a title, a description and a role") func words() throws {
        let drawn = try DrawnPicture(bars().inline)
        let root = try #require(drawn.elements.first)
        #expect(root["role"] == "img")
        #expect(root["aria-labelledby"] == "toppackages-t toppackages-d")
        #expect(drawn.elements[1].text == "Packages by users")
        #expect(drawn.elements[2].text == "30 days")
        #expect(drawn.titles.contains("numpy: 9,750 users"))
        #expect(try drawn.labels().map { $0.text } == ["users", "numpy", "9,750", "dask", "–"])
    }

    @Test("a picture whose marks are links is a group, not an image") func links() throws {
        let drawn = try DrawnPicture(bars(link: "/package/numpy?since=30d&direct").inline)
        #expect(drawn.elements.first?["role"] == "group")
        #expect(drawn.elements.filter { $0.name == "a" }.map { $0["href"] }.first == "/package/numpy?since=30d&direct")
    }

    @Test("a picture in a page has no styles, ids of its own, and no foreign addresses") func inline() {
        for picture in [bars(), bars(link: "/x")] {
            for word in ["style=", "<style", "<script", "http", "onload"] {
                #expect(!picture.inline.contains(word), "\(word)")
            }
        }
    }

    @Test("a file has its style sheet, the title in sight, and a ground") func file() throws {
        let file = bars().file
        #expect(file.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(file.contains("prefers-color-scheme:dark"))
        #expect(file.hasSuffix("</svg>\n"))
        let drawn = try DrawnPicture(file)
        #expect(try drawn.labels().prefix(2).map { $0.text } == ["Packages by users", "30 days"])
    }

    @Test("a name cannot become markup") func hostileNames() throws {
        for name in UglyData.names {
            let picture = bars(name: name)
            // the elements are those of a harmless name
            #expect(
                try DrawnPicture(picture.inline).count("rect") == DrawnPicture(bars().inline).count("rect"))
            #expect(!picture.inline.contains("<script"))
            for scalar in picture.file.unicodeScalars {
                #expect(!["\u{0}", "\u{1B}", "\u{202E}", "\u{2028}", "\u{FFFF}"].contains(scalar))
            }
        }
    }

    @Test("a name that is cut is whole in the mark's title") func wholeName() throws {
        let name = String(repeating: "long_", count: 40)
        let drawn = try DrawnPicture(bars(name: name).inline)
        #expect(try drawn.labels()[1].text.hasSuffix("…"))
        #expect(drawn.titles.contains("\(name): 9,750 users"))
        // a page stays small
        #expect(bars(name: UglyData.names[3]).inline.utf8.count < 4_000)
    }

    @Test("nothing to show is said") func nothing() throws {
        let empty = BarChart(UglyData.caption, unit: "users", []).picture
        #expect(try DrawnPicture(empty.inline).labels().map { $0.text } == ["Nothing was counted."])
    }
}
