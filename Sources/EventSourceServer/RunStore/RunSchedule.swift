/// Runs in order of their deadlines: a binary heap in which every member knows its index. Guarded by the store's lock.
struct RunSchedule {
  private var members: [EventChannel] = []

  var first: EventChannel? { members.first }
  var next: Int64 { members.first?.run?.due ?? .never }

  /// Inserts or moves a run.
  mutating func update(_ channel: EventChannel, _ run: RunCore, due: Int64) {
    run.due = due
    if run.heapIndex < 0 {
      run.heapIndex = members.count
      members.append(channel)
    }
    restore(at: run.heapIndex)
  }

  mutating func remove(_ run: RunCore) {
    let index = run.heapIndex
    guard index >= 0 else { return }
    run.heapIndex = -1
    let last = members.removeLast()
    guard index < members.count else { return }
    members[index] = last
    last.run?.heapIndex = index
    restore(at: index)
  }

  /// Removes a run if it is in this schedule and not in another.
  mutating func remove(_ run: RunCore, ifMember channel: EventChannel) {
    guard run.heapIndex >= 0, run.heapIndex < members.count, members[run.heapIndex] === channel else { return }
    remove(run)
  }

  private func due(_ index: Int) -> Int64 { members[index].run?.due ?? .never }

  private mutating func restore(at start: Int) {
    var index = start
    while index > 0, due(index) < due((index - 1) / 2) {
      exchange(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < members.count && due(child) < due(smallest) {
        smallest = child
      }
      guard smallest != index else { return }
      exchange(index, smallest)
      index = smallest
    }
  }

  private mutating func exchange(_ left: Int, _ right: Int) {
    members.swapAt(left, right)
    members[left].run?.heapIndex = left
    members[right].run?.heapIndex = right
  }
}
