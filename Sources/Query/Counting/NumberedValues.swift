/// A value for each job, or whatever else has a number, of those whose numbers lie mostly close together; all bits of it are 0 where there is none.
///
/// A year's ten million jobs are looked up one by one: pages are plain memory.
final class NumberedValues<Value: BitwiseCopyable & Equatable> {
    private static var pageBits: Int { 16 }
    private static var pageSize: Int { 1 << pageBits }
    private let empty: Value
    private var pages: [UnsafeMutablePointer<Value>?] = []

    /// - Parameter empty: the value without a bit that is set.
    init(empty: Value) { self.empty = empty }

    deinit { for page in pages { page?.deallocate() } }

    /// - Parameter job: not negative.
    subscript(_ job: Int64) -> Value {
        get {
            let page = Int(job) >> Self.pageBits
            guard page < pages.count, let values = pages[page] else { return empty }
            return values[Int(job) & (Self.pageSize - 1)]
        }
        set { page(Int(job) >> Self.pageBits)[Int(job) & (Self.pageSize - 1)] = newValue }
    }

    /// The page that was looked at last: of numbers in rising order most are on it.
    struct Page {
        private var number = -1
        private var values: UnsafeMutablePointer<Value>?

        /// Where the value is, for as long as `all` lives.
        @inline(__always)
        mutating func place(of number: Int64, in all: NumberedValues) -> UnsafeMutablePointer<Value> {
            let page = Int(number) >> pageBits
            if let values, page == self.number { return values + (Int(number) & (pageSize - 1)) }
            let found = all.page(page)
            self.number = page
            values = found
            return found + (Int(number) & (pageSize - 1))
        }
    }

    /// - Parameter page: not negative.
    private func page(_ page: Int) -> UnsafeMutablePointer<Value> {
        precondition(page >= 0)
        if page >= pages.count {
            pages += [UnsafeMutablePointer<Value>?](repeating: nil, count: page + 1 - pages.count)
        }
        if let known = pages[page] { return known }
        let values = UnsafeMutablePointer<Value>.allocate(capacity: Self.pageSize)
        values.initialize(repeating: empty, count: Self.pageSize)
        pages[page] = values
        return values
    }

    /// Hands over the jobs that have a value.
    func forEach(_ body: (Int64, Value) -> Void) {
        for (page, values) in pages.enumerated() {
            guard let values else { continue }
            for offset in 0..<Self.pageSize where values[offset] != empty {
                body(Int64(page << Self.pageBits + offset), values[offset])
            }
        }
    }
}
