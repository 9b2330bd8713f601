/// How far a hub has followed the order of a shared channel: pure, without locks or time.
///
/// Events come in with their positions, in any order and more than once. They leave by ``popNext()`` in the store's
/// order, without a hole: after `end` comes the next number of its epoch and nothing else. Where a hole is, or another
/// epoch has begun, only an answer of the store helps, a *fill*. What comes early is kept within limits; the rest is
/// dropped, and a fill brings it.
struct FollowerState<Element> {
  /// What early events may occupy.
  struct Limits {
    var events = 4096
    var bytes = 1 << 20
  }

  private struct Early {
    var element: Element
    var bytes: Int
  }

  /// The position up to which everything has been taken. Nil: nobody knows yet where to begin.
  private(set) var end: SharedPosition?
  /// What was taken and has yet to be popped.
  private var ready = FIFOQueue<(position: SharedPosition, element: Element)>()
  private(set) var readyCount = 0
  /// Later events of the epoch, by their numbers.
  private var early: [UInt64: Early] = [:]
  private(set) var earlyBytes = 0
  /// The newest position that the store is said to have.
  private var heard: SharedPosition?
  /// Something may have been lost that nobody has heard of.
  private var isSearching = false
  /// A fill is under way: what was heard when it began, and whether it searches for the end.
  private var fill: (heard: SharedPosition?, isSearch: Bool)?
  private let limits: Limits

  init(limits: Limits = Limits()) { self.limits = limits }

  var earlyCount: Int { early.count }
  var isFilling: Bool { fill != nil }

  /// Whether the store has to be asked for what follows `end`.
  var wantsFill: Bool {
    guard let end, fill == nil else { return false }
    return isSearching || heard.map { $0 > end } ?? false
  }

  /// It is known where to begin: behind this position.
  mutating func anchor(at position: SharedPosition) {
    end = position
    if let heard, heard <= position { self.heard = nil }
  }

  /// Nobody knows any more how the order goes on. What was taken and not popped is dropped.
  mutating func reset() {
    end = nil
    ready.removeAll()
    readyCount = 0
    dropEarly()
    fill = nil
    isSearching = false
  }

  /// An event that the feed brings.
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

  /// The store has something at or behind a position.
  mutating func hear(of position: SharedPosition) {
    guard position > end ?? .beginning, position > heard ?? .beginning else { return }
    heard = position
  }

  /// Something may have been lost.
  mutating func mayHaveLost() { isSearching = true }

  /// The store is about to be asked.
  ///
  /// - Returns: The position after which it is to be asked.
  mutating func beginFill() -> SharedPosition {
    precondition(wantsFill, "nothing is missing")
    fill = (heard, isSearching)
    isSearching = false
    return end!
  }

  /// The store has not answered: what was missing is still missing.
  mutating func fillFailed() {
    if fill?.isSearch == true { isSearching = true }
    fill = nil
  }

  enum FillResult: Equatable {
    /// Events were taken.
    case progressed
    /// There was nothing after the position.
    case nothing
    /// The same, although somebody had said that there is.
    case nothingAsHeard
    /// The answer is not in order, and was ignored from there on.
    case disordered
  }

  /// The store has answered with events, of which it says that none is missing before, among or between them and the
  /// position after which it was asked.
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
      // The feed may have brought some of them meanwhile.
      if last == end { take(event.element, at: event.position) }
      last = event.position
    }
    dropKnown()
    takeEarly()
    guard isEmpty else {
      if fill.isSearch { isSearching = true }
      return end == before ? .nothing : .progressed
    }
    // The feed has brought what was missing while the store answered.
    guard end == start else { return .progressed }
    guard let heard, heard == fill.heard, heard > before else { return .nothing }
    self.heard = nil
    dropEarly()
    return .nothingAsHeard
  }

  /// The next event of the order.
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

  /// Early events that a fill has brought, too.
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
