/// A value for each number, for numbers that lie close together, such as those of jobs. All bits of a missing value are
/// 0.
///
/// A year's ten million jobs are looked up one by one, so pages are plain memory.
final class PagedArray<Value: BitwiseCopyable & Equatable> {
    private static var pageBits: Int { 16 }
    private static var pageSize: Int { 1 << pageBits }
    private let empty: Value
    private var pages: [UnsafeMutablePointer<Value>?] = []

    /// - Parameter empty: the value whose bits are all 0.
    init(empty: Value) { self.empty = empty }

    deinit { for page in pages { page?.deallocate() } }

    /// - Parameter number: not negative.
    subscript(_ number: Int64) -> Value {
        get {
            let page = Int(number) >> Self.pageBits
            guard page < pages.count, let values = pages[page] else { return empty }
            return values[Int(number) & (Self.pageSize - 1)]
        }
        set { page(Int(number) >> Self.pageBits)[Int(number) & (Self.pageSize - 1)] = newValue }
    }

    /// The page of the last lookup: numbers in rising order are mostly on it.
    struct Page {
        private var number = -1
        private var values: UnsafeMutablePointer<Value>?

        /// A pointer to the value; it is valid as long as `all` lives.
        @inline(__always)
        mutating func place(of number: Int64, in all: PagedArray) -> UnsafeMutablePointer<Value> {
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

    /// Hands over the numbers that have a value.
    func forEach(_ body: (Int64, Value) -> Void) {
        for (page, values) in pages.enumerated() {
            guard let values else { continue }
            for offset in 0..<Self.pageSize where values[offset] != empty {
                body(Int64(page << Self.pageBits + offset), values[offset])
            }
        }
    }
}
