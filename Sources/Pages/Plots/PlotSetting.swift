/// What the picture of an answer needs besides the answer.
public struct PlotSetting: Sendable {
    /// What the ids in the picture begin with; two pictures of a page need two.
    public var id: String
    /// What was asked for besides the question itself, printable: `30 days`, `without staff`.
    public var conditions: [String]
    /// Pixels at a scale of 1; nil for the usual width of such a picture.
    public var width: Double?
    /// The most bars; further rows are in the table alone.
    public var mostBars: Int
    /// The month that is not over, whose numbers may still grow: `2026-11`.
    public var openMonth: String?
    /// Whether small numbers are left out. Then it is not known of a month without a row that nothing was used in it.
    public var isPublished: Bool
    /// Microseconds since 1970 UTC, for what has not ended.
    public var now: Int64?
    /// The address of the page on a thing, in the form of a URL; nil if there is none.
    ///
    /// Its parameters are the name of a column, and the name in it as the answer has it.
    public var link: @Sendable (_ column: String, _ name: String) -> String?

    public init(
        id: String = "plot", conditions: [String] = [], width: Double? = nil, mostBars: Int = 30,
        openMonth: String? = nil, isPublished: Bool = false, now: Int64? = nil,
        link: @escaping @Sendable (_ column: String, _ name: String) -> String? = { _, _ in nil }
    ) {
        self.id = id
        self.conditions = conditions
        self.width = width
        self.mostBars = mostBars
        self.openMonth = openMonth
        self.isPublished = isPublished
        self.now = now
        self.link = link
    }
}
