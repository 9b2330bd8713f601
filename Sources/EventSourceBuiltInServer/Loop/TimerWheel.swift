/// One deadline per connection, in ticks of 50 ms. The cost of setting and clearing does not depend on the number of
/// deadlines, and finding the next deadline does not inspect the connections.
///
/// Pure: the caller passes the time. Identifiers are small numbers that are reused, in practice descriptors. A deadline
/// is never reported early, and at most two ticks late. The cost is 16 bytes per identifier up to the highest.
struct TimerWheel: ~Copyable {
  private static let tickMilliseconds: Int64 = 50
  private static let slots = 1024
  private static let none: Int32 = -1

  private struct Node {
    var previous = none
    var next = none
    /// The tick of the deadline. 0 if there is none.
    var tick: Int64 = 0
  }

  private var nodes: [Node] = []
  /// The first element of each slot's doubly linked list. A tick belongs to the slot of its value modulo ``slots``. A
  /// tick that is more than a turn away stays in its slot for several turns.
  private var heads = [Int32](repeating: none, count: slots)
  /// One bit per slot, set if the slot's list is not empty.
  private var occupied = [UInt64](repeating: 0, count: slots / 64)
  /// The last tick that has been reported.
  private var current: Int64
  /// The number of deadlines that are set.
  private(set) var count = 0

  init(now: Duration) { current = now.milliseconds / Self.tickMilliseconds }

  /// Sets the deadline of an identifier, and replaces an earlier one.
  mutating func set(_ identifier: Int, at deadline: Duration) {
    cancel(identifier)
    while identifier >= nodes.count { nodes.append(Node()) }
    // Rounded up, and never into a tick that has already been reported.
    let tick = max(deadline.milliseconds / Self.tickMilliseconds + 1, current + 1)
    let slot = Int(tick % Int64(Self.slots))
    let head = heads[slot]
    nodes[identifier] = Node(previous: Self.none, next: head, tick: tick)
    if head != Self.none { nodes[Int(head)].previous = Int32(identifier) }
    heads[slot] = Int32(identifier)
    occupied[slot / 64] |= 1 << UInt64(slot % 64)
    count += 1
  }

  /// Clears the deadline of an identifier, if there is one.
  mutating func cancel(_ identifier: Int) {
    guard identifier < nodes.count, nodes[identifier].tick != 0 else { return }
    let node = nodes[identifier]
    let slot = Int(node.tick % Int64(Self.slots))
    if node.previous == Self.none {
      heads[slot] = node.next
      if node.next == Self.none { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
    } else {
      nodes[Int(node.previous)].next = node.next
    }
    if node.next != Self.none { nodes[Int(node.next)].previous = node.previous }
    nodes[identifier].tick = 0
    count -= 1
  }

  /// Clears and returns an identifier whose deadline has passed, or `nil` if there is none. Call this until it returns
  /// `nil`.
  mutating func next(passedAt now: Duration) -> Int? {
    let end = now.milliseconds / Self.tickMilliseconds
    while current < end {
      guard count > 0 else {
        current = end
        return nil
      }
      let tick = current + 1
      var identifier = heads[Int(tick % Int64(Self.slots))]
      while identifier != Self.none {
        // Deadlines of later turns stay.
        if nodes[Int(identifier)].tick <= tick {
          cancel(Int(identifier))
          return Int(identifier)
        }
        identifier = nodes[Int(identifier)].next
      }
      current = tick
    }
    return nil
  }

  /// The time at which to call ``next(passedAt:)`` again, or `nil` if no deadline is set. A deadline more than a turn
  /// away can be reported as earlier than it is.
  var nextDeadline: Duration? {
    guard count > 0 else { return nil }
    let first = Int((current + 1) % Int64(Self.slots))
    var word = first / 64
    var bits = occupied[word] & (~0 << UInt64(first % 64))
    // The first word is checked twice: first from the current slot on, and last as a whole.
    for _ in 0...occupied.count {
      if bits != 0 {
        let slot = word * 64 + bits.trailingZeroBitCount
        let distance = (slot - first + Self.slots) % Self.slots
        return .milliseconds((current + 1 + Int64(distance)) * Self.tickMilliseconds)
      }
      word = (word + 1) % occupied.count
      bits = occupied[word]
    }
    return nil
  }
}
