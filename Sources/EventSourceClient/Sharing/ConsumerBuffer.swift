/// The elements that a consumer of a shared source has not taken yet. Guarded by the lock of its ``ElementBroadcast``.
struct ConsumerBuffer {
  typealias Element = EventSource.Element
  typealias Waiter = CheckedContinuation<Void, any Error>

  private var elements: [Element] = []
  /// The index of the first element that was not taken.
  private var start = 0
  private var hasMissed = false
  /// The result after the last element. `nil` while more elements can follow.
  private var end: Result<Void, any Error>?
  /// The call that waits for the next element. Set only while the buffer is empty.
  private(set) var waiter: Waiter?

  init(end: Result<Void, any Error>?) { self.end = end }

  var count: Int { elements.count - start }

  /// Adds an element. Returns the call that waits for one, if any, which the caller resumes.
  mutating func put(_ element: Element, limit: Int, policy: SharedEventSource.FullBufferPolicy) -> Waiter? {
    guard end == nil else { return nil }
    if count >= limit {
      switch policy {
      case .wait: break
      case .dropOldest:
        start += 1
        hasMissed = true
      case .fail:
        let message = "this consumer of a shared source was more than \(limit) elements behind"
        end = .failure(SubscriptionError(.tooSlow, message))
        return nil
      }
    }
    elements.append(element)
    if start > 64, start * 2 > elements.count { removeTaken() }
    return waiter.take()
  }

  /// Takes the next element or the end. Returns `nil` if neither is available yet.
  mutating func take() -> Result<Element?, any Error>? {
    if hasMissed {
      hasMissed = false
      return .success(.gap(EventSource.Gap.inProgram))
    }
    if start < elements.count {
      defer {
        start += 1
        if start == elements.count { removeTaken() }
      }
      return .success(elements[start])
    }
    guard let end else { return nil }
    self.end = .success(())
    return end.map { nil }
  }

  /// Registers a call that waits for the next element or the end. Returns a result if the call need not wait, or fails
  /// because another call is waiting.
  mutating func wait(_ call: Waiter) -> Result<Void, any Error>? {
    if hasMissed || count > 0 || end != nil { return .success(()) }
    guard waiter == nil else {
      return .failure(
        SubscriptionError(.alreadyConsumed, "next() was called while another call waits; give each its own loop"))
    }
    waiter = call
    return nil
  }

  /// Records that no element follows. Returns the waiting call, if any, which the caller resumes.
  mutating func finish(with end: Result<Void, any Error>) -> Waiter? {
    guard self.end == nil else { return nil }
    self.end = end
    return waiter.take()
  }

  private mutating func removeTaken() {
    elements.removeFirst(start)
    start = 0
  }
}
