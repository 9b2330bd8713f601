/// First in, first out, in constant time on average.
struct Line<Element> {
  private var entering: [Element] = []
  private var leaving: [Element] = []

  mutating func append(_ element: Element) { entering.append(element) }

  mutating func popFirst() -> Element? {
    if leaving.isEmpty {
      leaving = entering.reversed()
      entering.removeAll()
    }
    return leaving.popLast()
  }
}
