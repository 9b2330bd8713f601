import Synchronization

/// Hands each element of a source to all consumers, each of which has a bounded buffer. Any thread; one task sends.
final class ElementBroadcast: Sendable {
  typealias Element = EventSource.Element

  private struct State {
    var consumers: [Int: ConsumerBuffer] = [:]
    var nextNumber = 0
    /// The task that sends, while it waits for a consumer or for room.
    var sender: CheckedContinuation<Void, Never>?
    /// Set when nothing more comes, with the error if there is one.
    var end: Result<Void, any Error>?
  }

  private let state = Mutex(State())
  private let limit: Int
  private let policy: SharedEventSource.FullBufferPolicy

  init(limit: Int, policy: SharedEventSource.FullBufferPolicy) {
    self.limit = limit
    self.policy = policy
  }

  // MARK: The task that sends

  /// Waits until there is a consumer and, if the policy is to wait, room with all of them. False: the task is canceled.
  func hasRoom() async -> Bool {
    await waitForSending { [limit, policy] state in
      !state.consumers.isEmpty && (policy != .wait || state.consumers.values.allSatisfy { $0.count < limit })
    }
  }

  /// Hands an element to all consumers; waits for one, if all have left since there was room.
  func send(_ element: Element) async {
    guard await waitForSending({ !$0.consumers.isEmpty }) else { return }
    let waiting = state.withLock { state in
      state.consumers.keys.compactMap { state.consumers[$0]?.put(element, limit: limit, policy: policy) }
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Nothing more comes.
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

  /// Adds a consumer; its number.
  func join() -> Int {
    defer { wakeSender() }
    return state.withLock { state in
      defer { state.nextNumber += 1 }
      state.consumers[state.nextNumber] = ConsumerBuffer(end: state.end)
      return state.nextNumber
    }
  }

  /// Removes a consumer, if it is there.
  func leave(_ number: Int) {
    let waiter = state.withLock { $0.consumers.removeValue(forKey: number)?.waiter }
    waiter?.resume()
    wakeSender()
  }

  /// Returns a consumer's next element; nil at its end, and in a canceled task, which removes it.
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

  /// Takes a consumer's next element or its end; nil: there is neither yet.
  private func take(for number: Int) -> Result<Element?, any Error>? {
    state.withLock { state in
      if Task.isCancelled { state.consumers[number] = nil }
      guard state.consumers[number] != nil else { return .success(nil) }
      return state.consumers[number]?.take()
    }
  }

  /// Waits until a consumer has an element, or its end. The call then takes it under the lock.
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
