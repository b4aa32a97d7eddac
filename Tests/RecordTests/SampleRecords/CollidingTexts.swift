/// Pairs of texts with one XXH64. They take seconds to make, because XXH64 can be inverted step by step.
public enum CollidingTexts {
    public struct Pair: Sendable {
        public let one: String
        public let other: String
    }

    /// Where the first byte lies at a multiple of 8: one hash under about half of all seeds. A difference of one bit in
    /// an accumulator passes the multiplications unchanged, and a later word of the same lane takes it away.
    public static let anySeed = Pair(
        one: "gXjoGwxZ-filler-filler-filler-00s0Zxsdih-more-filler-more-filler",
        other: "gXjoGwxJ-filler-filler-filler-00s0Z0yd2B-more-filler-more-filler")

    /// Versions of `numpy`: a stack of this package alone has one text hash under the seeds 0 and 1.
    public static let versions = Pair(
        one: "1.26.4+vjQeJydH-filler-filler-filler-00VXydSmsu-more-filler-more-filler",
        other: "1.26.4+hlFCIHJ1-filler-filler-filler-00mn2Ot9fE-more-filler-more-filler")

    /// Prefixes: an environment has one text hash under the seeds 0 and 1.
    public static let prefixes = Pair(
        one: "/opt/xvjQeJydH-filler-filler-filler-00VXydSmsu-more-filler-more-filler",
        other: "/opt/xhlFCIHJ1-filler-filler-filler-00mn2Ot9fE-more-filler-more-filler")

    /// Archives of one line, with one hash under the seeds 0 and 1.
    public static let archives = Pair(
        one: archive("vjQeJydH-filler-filler-filler-00Z4iUrDHr-more-filler-more-filler"),
        other: archive("tjR6wusR-filler-filler-filler-00mYA11Lw3-more-filler-more-filler"))

    private static func archive(_ program: String) -> String {
        """
        {"v":1,"id":"0000000000000000000000000000004d","packages":{"numpy":"2.0"},"main":"//////\(program)"}

        """
    }
}
