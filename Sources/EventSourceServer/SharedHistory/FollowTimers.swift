import Synchronization

/// The times at which channels must be checked. Time is the hub's, which advances when lanes run. No other lock is
/// acquired under its lock.
final class FollowTimers: Sendable {
  private struct Entry {
    var time: Int64
    var channel: EventChannel
  }

  /// A binary heap ordered by time.
  private let heap = Mutex<[Entry]>([])
  private let next = Atomic(Int64.never)

  /// The earliest time. Lanes check it after each run.
  var earliest: Int64 { next.load(ordering: .acquiring) }

  /// Adds a time at which a channel must be checked.
  ///
  /// - Returns: Whether it is now the earliest time.
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

  /// Removes and returns the first channel that is due.
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

  /// Removes the channels of a closed collection of runs. They refer to the collection, which refers to the hub.
  func removeChannels(of store: RunStore) {
    let before = heap.withLock { heap -> [Entry] in
      let before = heap
      // A sorted array is a heap.
      heap = before.filter { $0.channel.run?.store !== store }.sorted { $0.time < $1.time }
      next.store(heap.first?.time ?? .never, ordering: .releasing)
      return before
    }
    // Channels must not be deallocated under the lock.
    withExtendedLifetime(before) {}
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
