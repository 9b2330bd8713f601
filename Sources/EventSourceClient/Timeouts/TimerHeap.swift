/// A binary heap of watchdogs by deadline. Each watchdog stores its index, so that it can be removed.
struct TimerHeap {
  private var timers: [(deadline: ContinuousClock.Instant, watchdog: Watchdog)] = []

  /// The first deadline, or `nil` if the heap is empty.
  var first: ContinuousClock.Instant? { timers.first?.deadline }

  /// Inserts a watchdog, unless it is present.
  mutating func insert(_ watchdog: Watchdog, at deadline: ContinuousClock.Instant) {
    guard watchdog.timerIndex == nil else { return }
    timers.append((deadline, watchdog))
    watchdog.timerIndex = timers.count - 1
    rise(from: timers.count - 1)
  }

  /// Removes a watchdog, if present.
  mutating func remove(_ watchdog: Watchdog) {
    guard let index = watchdog.timerIndex else { return }
    swap(index, timers.count - 1)
    timers.removeLast()
    watchdog.timerIndex = nil
    guard index < timers.count else { return }
    rise(from: index)
    sink(from: index)
  }

  /// Removes and returns the first watchdog, if its deadline is not after `moment`.
  mutating func takeFirst(until moment: ContinuousClock.Instant) -> Watchdog? {
    guard let first = timers.first, first.deadline <= moment else { return nil }
    remove(first.watchdog)
    return first.watchdog
  }

  private mutating func rise(from start: Int) {
    var index = start
    while index > 0, timers[index].deadline < timers[(index - 1) / 2].deadline {
      swap(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func sink(from start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < timers.count {
        if timers[child].deadline < timers[least].deadline { least = child }
      }
      if least == index { return }
      swap(index, least)
      index = least
    }
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    guard left != right else { return }
    timers.swapAt(left, right)
    timers[left].watchdog.timerIndex = left
    timers[right].watchdog.timerIndex = right
  }
}
