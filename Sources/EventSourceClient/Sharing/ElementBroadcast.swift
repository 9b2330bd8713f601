import Synchronization

/// Passes each element of a source to all consumers, each of which has a bounded buffer. All methods can be called from
/// any thread; only one task sends.
final class ElementBroadcast: Sendable {
  typealias Element = EventSource.Element

  private struct State {
    var consumers: [Int: ConsumerBuffer] = [:]
    var nextNumber = 0
    /// The sending task, while it waits for a consumer or for room.
    var sender: CheckedContinuation<Void, Never>?
    /// Set when no element follows, with the error if there is one.
    var end: Result<Void, any Error>?
  }

  private let state = Mutex(State())
  private let limit: Int
  private let policy: SharedEventSource.FullBufferPolicy

  init(limit: Int, policy: SharedEventSource.FullBufferPolicy) {
    self.limit = limit
    self.policy = policy
  }

  // MARK: The sending task

  /// Waits until there is a consumer and, with the policy `wait`, until every consumer has room. Returns `false` if the
  /// task is cancelled.
  func hasRoom() async -> Bool {
    await waitForSending { [limit, policy] state in
      !state.consumers.isEmpty && (policy != .wait || state.consumers.values.allSatisfy { $0.count < limit })
    }
  }

  /// Passes an element to all consumers. Waits for a consumer, if all have left since ``hasRoom()`` returned.
  func send(_ element: Element) async {
    guard await waitForSending({ !$0.consumers.isEmpty }) else { return }
    let waiting = state.withLock { state in
      state.consumers.keys.compactMap { state.consumers[$0]?.put(element, limit: limit, policy: policy) }
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Ends every consumer, after the elements in its buffer.
  func finish(_ error: (any Error)?) {
    let end: Result<Void, any Error> = error.map { .failure($0) } ?? .success(())
    let waiting = state.withLock { state in
      state.end = end
      return state.consumers.keys.compactMap { state.consumers[$0]?.finish(with: end) }
    }
    for waiter in waiting { waiter.resume() }
  }

  private func waitForSending(_ condition: @escaping @Sendable (borrowing State) -> Bool) async -> Bool {
    while !Task.isCancelled {
      if state.withLock({ condition($0) }) { return true }
      await withTaskCancellationHandler {
        await withCheckedContinuation { sender in
          let isFree = state.withLock { state in
            if condition(state) || Task.isCancelled { return true }
            state.sender = sender
            return false
          }
          if isFree { sender.resume() }
        }
      } onCancel: {
        wakeSender()
      }
    }
    return false
  }

  private func wakeSender() { state.withLock { $0.sender.take() }?.resume() }

  // MARK: Consumers

  /// Adds a consumer and returns its number.
  func join() -> Int {
    defer { wakeSender() }
    return state.withLock { state in
      defer { state.nextNumber += 1 }
      state.consumers[state.nextNumber] = ConsumerBuffer(end: state.end)
      return state.nextNumber
    }
  }

  /// Removes a consumer, if present.
  func leave(_ number: Int) {
    let waiter = state.withLock { $0.consumers.removeValue(forKey: number)?.waiter }
    waiter?.resume()
    wakeSender()
  }

  /// Returns a consumer's next element. Returns `nil` at its end and in a cancelled task, which also removes the
  /// consumer.
  func next(for number: Int) async throws -> Element? {
    try await withTaskCancellationHandler {
      while true {
        if let result = take(for: number) {
          wakeSender()
          return try result.get()
        }
        try await waitForElement(for: number)
      }
    } onCancel: {
      leave(number)
    }
  }

  /// Takes a consumer's next element or its end. Returns `nil` if neither is available yet.
  private func take(for number: Int) -> Result<Element?, any Error>? {
    state.withLock { state in
      if Task.isCancelled { state.consumers[number] = nil }
      guard state.consumers[number] != nil else { return .success(nil) }
      return state.consumers[number]?.take()
    }
  }

  /// Waits until a consumer has an element or has ended. The caller then takes it under the lock.
  private func waitForElement(for number: Int) async throws {
    try await withCheckedThrowingContinuation { waiter in
      let result = state.withLock { state -> Result<Void, any Error>? in
        guard !Task.isCancelled, state.consumers[number] != nil else { return .success(()) }
        return state.consumers[number]?.wait(waiter)
      }
      if let result { waiter.resume(with: result) }
    }
  }
}
