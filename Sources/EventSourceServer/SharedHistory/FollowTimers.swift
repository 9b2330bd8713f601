import Synchronization

/// When which channel has to be looked at, in the hub's time, which the lanes bring. Its lock is taken last.
final class FollowTimers: Sendable {
  private struct Entry {
    var time: Int64
    var channel: EventChannel
  }

  /// A binary heap, the earliest first.
  private let heap = Mutex<[Entry]>([])
  private let next = Atomic(Int64.never)

  /// The earliest moment. Lanes look at it after each run.
  var earliest: Int64 { next.load(ordering: .acquiring) }

  /// Returns whether it is the earliest now.
  func add(_ channel: EventChannel, at time: Int64) -> Bool {
    heap.withLock { heap in
      heap.append(Entry(time: time, channel: channel))
      var index = heap.count - 1
      while index > 0, heap[index].time < heap[(index - 1) / 2].time {
        heap.swapAt(index, (index - 1) / 2)
        index = (index - 1) / 2
      }
      next.store(heap[0].time, ordering: .releasing)
      return index == 0
    }
  }

  /// Takes out a channel whose moment has come.
  func popFirst(at now: Int64) -> (channel: EventChannel, time: Int64)? {
    guard earliest <= now else { return nil }
    return heap.withLock { heap in
      guard let first = heap.first, first.time <= now else { return nil }
      let last = heap.removeLast()
      if !heap.isEmpty {
        heap[0] = last
        Self.siftDown(&heap)
      }
      next.store(heap.first?.time ?? .never, ordering: .releasing)
      return (first.channel, first.time)
    }
  }

  private static func siftDown(_ heap: inout [Entry]) {
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1].time < heap[child].time { child += 1 }
      guard heap[child].time < heap[index].time else { return }
      heap.swapAt(index, child)
      index = child
    }
  }
}
