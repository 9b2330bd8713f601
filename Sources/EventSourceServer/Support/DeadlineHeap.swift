/// A member of a ``DeadlineHeap``.
protocol DeadlineHeapMember: AnyObject {
  var deadline: Int64 { get }
  /// Its index in the heap that contains it, or -1. Only the heap changes it.
  var heapIndex: Int { get set }
}

/// Objects in order of their deadlines: a binary heap in which every member knows its index, so moving or removing one
/// takes logarithmic time. An object is in one heap at most.
struct DeadlineHeap<Member: DeadlineHeapMember> {
  private var members: [Member] = []

  var first: Member? { members.first }
  var earliest: Int64 { members.first?.deadline ?? .never }

  /// Inserts the object at its deadline or moves it there. Removes it if the deadline is `.never`.
  mutating func update(_ member: Member) {
    guard member.deadline != .never else { return remove(member) }
    if member.heapIndex < 0 {
      member.heapIndex = members.count
      members.append(member)
    }
    restore(at: member.heapIndex)
  }

  /// Removes the object if it is in this heap and not in another.
  mutating func remove(_ member: Member) {
    let index = member.heapIndex
    guard members.indices.contains(index), members[index] === member else { return }
    member.heapIndex = -1
    let last = members.removeLast()
    guard last !== member else { return }
    members[index] = last
    last.heapIndex = index
    restore(at: index)
  }

  /// Removes and returns the first member if its deadline has passed.
  mutating func popFirst(at now: Int64) -> Member? {
    guard let first, first.deadline <= now else { return nil }
    remove(first)
    return first
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
