/// The sessions of a lane, ordered by their next deadline. A binary heap in which every member knows its index, so
/// moving or removing one takes logarithmic time.
struct DeadlineHeap {
  private var members: [EventStreamSession] = []

  var first: EventStreamSession? { members.first }

  /// Inserts the session at its ``EventStreamSession/deadline`` or moves it there. Removes it if the deadline is
  /// `.never`.
  mutating func update(_ session: EventStreamSession) {
    guard session.deadline != .max else { return remove(session) }
    if session.heapIndex < 0 {
      session.heapIndex = members.count
      members.append(session)
    }
    restore(at: session.heapIndex)
  }

  mutating func remove(_ session: EventStreamSession) {
    let index = session.heapIndex
    guard index >= 0 else { return }
    session.heapIndex = -1
    let last = members.removeLast()
    guard last !== session else { return }
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
