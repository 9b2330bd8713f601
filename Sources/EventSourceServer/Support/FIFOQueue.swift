/// First in, first out, in constant time on average.
struct FIFOQueue<Element> {
  private var entering: [Element] = []
  /// Those that leave next, the first one last.
  private var leaving: [Element] = []

  var isEmpty: Bool { entering.isEmpty && leaving.isEmpty }

  mutating func append(_ element: Element) { entering.append(element) }

  /// Puts back what was taken out last.
  mutating func prepend(_ element: Element) { leaving.append(element) }

  mutating func popFirst() -> Element? {
    if leaving.isEmpty {
      swap(&leaving, &entering)
      leaving.reverse()
    }
    return leaving.popLast()
  }

  mutating func removeAll() {
    entering = []
    leaving = []
  }
}
