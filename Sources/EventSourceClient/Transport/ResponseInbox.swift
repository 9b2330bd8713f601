import Synchronization

/// The received but unread part of a response. The HTTP client's thread adds to it, and one task reads from it.
///
/// One lock guards all of it. Continuations are resumed outside the lock.
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

  /// Adds the head of the response. Further heads are ignored.
  func put(_ head: ResponseHead) {
    state.withLock { state in
      guard state.head == nil, state.end == nil else { return nil as CheckedContinuation<ResponseHead, any Error>? }
      state.head = head
      return state.headWaiter.take()
    }?.resume(returning: head)
  }

  /// Adds bytes of the body. Returns `true` if it accepted all of them, `false` if at least `limit` bytes are unread
  /// and it accepted none, and `nil` if the response has ended.
  func put(_ bytes: UnsafeRawBufferPointer, unlessUnread limit: Int) -> Bool? {
    let (isTaken, reader) = state.withLock { state -> (Bool?, CheckedContinuation<[UInt8]?, any Error>?) in
      if state.end != nil { return (nil, nil) }
      if let reader = state.reader.take() { return (true, reader) }
      if state.unread.count >= limit { return (false, nil) }
      // The first chunk is copied once. The second reserves room for all that may follow, so the buffer does not grow
      // chunk by chunk.
      state.unread.reserveCapacity(state.unread.isEmpty ? bytes.count : Swift.min(limit, 64 << 10) + bytes.count)
      state.unread.append(contentsOf: bytes)
      return (true, nil)
    }
    reader?.resume(returning: Array(bytes))
    return isTaken
  }

  /// The number of unread bytes.
  var unreadCount: Int { state.withLock { $0.unread.count } }

  /// Ends the response, with or without an error. Only the first call has an effect, and returns `true`.
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

  // MARK: The reading task

  /// Returns the head, or throws an error if there is none.
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

  /// Returns the next bytes of the body, or `nil` at its end.
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

/// The connection ended before the head arrived.
struct NoResponse: Error, CustomStringConvertible {
  var description: String { "the connection ended before the head of a response" }
}
