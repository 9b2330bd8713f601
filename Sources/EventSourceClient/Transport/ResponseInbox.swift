import Synchronization

/// What has come of a response and has not been taken: the HTTP client's thread puts it in, one task takes it out.
///
/// All is under one lock, and continuations are resumed outside of it.
final class ResponseInbox: Sendable {
  private struct State {
    var head: ResponseHead?
    var headWaiter: CheckedContinuation<ResponseHead, any Error>?
    var unread: [UInt8] = []
    var reader: CheckedContinuation<[UInt8]?, any Error>?
    var end: Result<Void, any Error>?
  }

  private let state = Mutex(State())

  // MARK: The HTTP client's thread

  /// The head of the response; what comes after the first does not count.
  func put(_ head: ResponseHead) {
    state.withLock { state in
      guard state.head == nil, state.end == nil else { return nil as CheckedContinuation<ResponseHead, any Error>? }
      state.head = head
      return state.headWaiter.take()
    }?.resume(returning: head)
  }

  /// Bytes of the body, of which it takes all or, if so many are unread already, none; nil: nothing is wanted any more.
  func put(_ bytes: UnsafeRawBufferPointer, unlessUnread limit: Int) -> Bool? {
    let (isTaken, reader) = state.withLock { state -> (Bool?, CheckedContinuation<[UInt8]?, any Error>?) in
      if state.end != nil { return (nil, nil) }
      if let reader = state.reader.take() { return (true, reader) }
      if state.unread.count >= limit { return (false, nil) }
      // One piece is copied once. With a second one there is room for all that may follow, so that it does not grow
      // piece by piece.
      state.unread.reserveCapacity(state.unread.isEmpty ? bytes.count : Swift.min(limit, 64 << 10) + bytes.count)
      state.unread.append(contentsOf: bytes)
      return (true, nil)
    }
    reader?.resume(returning: Array(bytes))
    return isTaken
  }

  /// How many bytes nobody has taken.
  var unreadCount: Int { state.withLock { $0.unread.count } }

  /// The response is complete, or will not be; what is said first counts. True: it was said first.
  @discardableResult
  func end(_ end: Result<Void, any Error>) -> Bool {
    let (isFirst, headWaiter, reader) = state.withLock {
      state -> (Bool, CheckedContinuation<ResponseHead, any Error>?, CheckedContinuation<[UInt8]?, any Error>?) in
      let isFirst = state.end == nil
      if isFirst { state.end = end }
      return (isFirst, state.headWaiter.take(), state.reader.take())
    }
    headWaiter?.resume(with: end.flatMap { .failure(NoResponse()) })
    reader?.resume(with: end.map { nil })
    return isFirst
  }

  // MARK: The task that reads

  /// The head; an error, if there is none.
  func head() async throws -> ResponseHead {
    try await withCheckedThrowingContinuation { waiter in
      let result = state.withLock { state -> Result<ResponseHead, any Error>? in
        if let head = state.head { return .success(head) }
        if state.end == nil { state.headWaiter = waiter }
        return state.end?.flatMap { .failure(NoResponse()) }
      }
      if let result { waiter.resume(with: result) }
    }
  }

  /// The next bytes of the body; nil at its end.
  func next() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { reader in
      let result = state.withLock { state -> Result<[UInt8]?, any Error>? in
        if !state.unread.isEmpty {
          defer { state.unread = [] }
          return .success(state.unread)
        }
        if state.end == nil { state.reader = reader }
        return state.end?.map { nil }
      }
      if let result { reader.resume(with: result) }
    }
  }
}

/// The connection ended before there was a head.
struct NoResponse: Error, CustomStringConvertible {
  var description: String { "the connection ended before the head of a response" }
}
