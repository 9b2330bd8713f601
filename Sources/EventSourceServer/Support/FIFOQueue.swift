/// A first-in, first-out queue with amortized constant time per operation.
struct FIFOQueue<Element> {
  private var entering: [Element] = []
  /// The elements that leave next, in reverse order.
  private var leaving: [Element] = []

  var isEmpty: Bool { entering.isEmpty && leaving.isEmpty }

  mutating func append(_ element: Element) { entering.append(element) }

  /// Puts back the element that was removed last.
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
