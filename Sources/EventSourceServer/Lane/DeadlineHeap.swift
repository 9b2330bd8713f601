/// The exchanges of a lane in the order of the next moment at which each has to be looked at: a binary heap in which
/// every member knows its place, so that it is moved or taken out in logarithmic time.
struct DeadlineHeap {
  private var members: [EventStreamExchange] = []

  var first: EventStreamExchange? { members.first }

  /// Puts an exchange in, or moves it, for its ``EventStreamExchange/deadline``; takes it out if that is nil.
  mutating func update(_ exchange: EventStreamExchange) {
    guard exchange.deadline != .max else { return remove(exchange) }
    if exchange.heapIndex < 0 {
      exchange.heapIndex = members.count
      members.append(exchange)
    }
    restore(at: exchange.heapIndex)
  }

  mutating func remove(_ exchange: EventStreamExchange) {
    let index = exchange.heapIndex
    guard index >= 0 else { return }
    exchange.heapIndex = -1
    let last = members.removeLast()
    guard last !== exchange else { return }
    members[index] = last
    last.heapIndex = index
    restore(at: index)
  }

  private mutating func restore(at start: Int) {
    var index = start
    while index > 0, members[index].deadline < members[(index - 1) / 2].deadline {
      exchange(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < members.count && members[child].deadline < members[smallest].deadline {
        smallest = child
      }
      guard smallest != index else { return }
      exchange(index, smallest)
      index = smallest
    }
  }

  private mutating func exchange(_ left: Int, _ right: Int) {
    members.swapAt(left, right)
    members[left].heapIndex = left
    members[right].heapIndex = right
  }
}
