/// A hub's progress in the order of a shared channel. Pure state, without locks or time.
///
/// Events come in with their positions, in any order and more than once. They leave through ``popNext()`` in the
/// store's order, without a hole: `end` is followed only by the next number of its epoch. A hole or a new epoch can be
/// bridged only by a request to the store, a *fill*. Early events are kept within limits. The others are dropped, and a
/// fill returns them.
struct FollowerState<Element> {
  /// The limits of the early events.
  struct Limits {
    var events = 4096
    var bytes = 1 << 20
  }

  private struct Early {
    var element: Element
    var bytes: Int
  }

  /// The position up to which events were accepted. `nil` until it is known where to begin.
  private(set) var end: SharedPosition?
  /// Events that were accepted and have not been popped.
  private var ready = FIFOQueue<(position: SharedPosition, element: Element)>()
  private(set) var readyCount = 0
  /// Later events of the same epoch, by number.
  private var early: [UInt64: Early] = [:]
  private(set) var earlyBytes = 0
  /// The newest position that the store is known to have.
  private var heard: SharedPosition?
  /// Whether events may have been lost without any announcement.
  private var isSearching = false
  /// The fill in progress: the newest announced position when it began, and whether it searches for the end.
  private var fill: (heard: SharedPosition?, isSearch: Bool)?
  private let limits: Limits

  init(limits: Limits = Limits()) { self.limits = limits }

  var earlyCount: Int { early.count }
  var isFilling: Bool { fill != nil }

  /// Whether the store must be asked for the events after `end`.
  var wantsFill: Bool {
    guard let end, fill == nil else { return false }
    return isSearching || heard.map { $0 > end } ?? false
  }

  /// Sets the position after which to begin.
  mutating func anchor(at position: SharedPosition) {
    end = position
    if let heard, heard <= position { self.heard = nil }
  }

  /// Resets the state because the continuation of the order is unknown. Events that were not popped are dropped.
  mutating func reset() {
    end = nil
    ready.removeAll()
    readyCount = 0
    dropEarly()
    fill = nil
    isSearching = false
  }

  /// Accepts an event from the feed.
  mutating func receive(_ element: @autoclosure () -> Element, at position: SharedPosition, bytes: Int) {
    guard let end else { return hear(of: position) }
    guard position > end else { return }
    guard position != end.next else {
      take(element(), at: position)
      return takeEarly()
    }
    hear(of: position)
    guard position.epoch == end.epoch, early[position.number] == nil, early.count < limits.events,
      earlyBytes + bytes <= limits.bytes
    else { return }
    early[position.number] = Early(element: element(), bytes: bytes)
    earlyBytes += bytes
  }

  /// Records that the store has an event at or after a position.
  mutating func hear(of position: SharedPosition) {
    guard position > end ?? .beginning, position > heard ?? .beginning else { return }
    heard = position
  }

  /// Records that events may have been lost.
  mutating func mayHaveLost() { isSearching = true }

  /// Begins a fill.
  ///
  /// - Returns: The position after which to ask the store.
  mutating func beginFill() -> SharedPosition {
    precondition(wantsFill, "nothing is missing")
    fill = (heard, isSearching)
    isSearching = false
    return end!
  }

  /// Ends a fill that failed. The missing events are still missing.
  mutating func fillFailed() {
    if fill?.isSearch == true { isSearching = true }
    fill = nil
  }

  enum FillResult: Equatable {
    /// Events were accepted, or the feed has delivered them.
    case progressed
    /// Nothing new came after the position.
    case nothing
    /// There were no events, although some were announced.
    case nothingAsHeard
    /// The result is out of order. The events from there on were ignored.
    case disordered
  }

  /// Ends a fill with the store's events. The store guarantees that no event is missing after the requested position or
  /// between them.
  mutating func filled(
    after start: SharedPosition, _ events: some Sequence<(position: SharedPosition, element: Element, bytes: Int)>
  ) -> FillResult {
    guard let fill, let before = end else { return .disordered }
    self.fill = nil
    var last = start
    var isEmpty = true
    for event in events {
      isEmpty = false
      let isNext = event.position == last.next || event.position.epoch > last.epoch
      guard isNext, let end else {
        if fill.isSearch { isSearching = true }
        return .disordered
      }
      // The feed may have delivered some of them since.
      if last == end { take(event.element, at: event.position) }
      last = event.position
    }
    dropKnown()
    takeEarly()
    guard isEmpty else {
      if fill.isSearch { isSearching = true }
      return end == before ? .nothing : .progressed
    }
    // The feed has delivered the missing events during the fill.
    guard end == start else { return .progressed }
    guard let heard, heard == fill.heard, heard > before else { return .nothing }
    self.heard = nil
    dropEarly()
    return .nothingAsHeard
  }

  /// Removes and returns the next event of the order.
  mutating func popNext() -> (position: SharedPosition, element: Element)? {
    guard let next = ready.popFirst() else { return nil }
    readyCount -= 1
    return next
  }

  private mutating func take(_ element: Element, at position: SharedPosition) {
    if position.epoch != end?.epoch { dropEarly() }
    end = position
    ready.append((position, element))
    readyCount += 1
    if let heard, heard <= position { self.heard = nil }
  }

  private mutating func takeEarly() {
    while let number = end?.next?.number, let next = early.removeValue(forKey: number) {
      earlyBytes -= next.bytes
      take(next.element, at: SharedPosition(epoch: end!.epoch, number: number))
    }
  }

  /// Drops early events that a fill has also returned.
  private mutating func dropKnown() {
    guard let end, !early.isEmpty else { return }
    for (number, event) in early where number <= end.number {
      early[number] = nil
      earlyBytes -= event.bytes
    }
  }

  private mutating func dropEarly() {
    early = [:]
    earlyBytes = 0
  }
}
