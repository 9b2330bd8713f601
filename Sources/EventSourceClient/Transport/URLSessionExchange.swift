import Synchronization

internal import Foundation

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// One task of a session: its head, then its body, which it holds back when nobody reads.
///
/// The session's queue calls `received` and `completed`, one reader calls `head` and `next`; what they share is under
/// one lock, and continuations are resumed outside of it.
final class URLSessionExchange: TransportBody {
  /// With more than this unread, the task is suspended until it has been read.
  private static let highWater = 256 << 10
  /// With more than this unread, which there is where suspending has no effect, the connection is broken off: who reads
  /// gets what has come, and may continue from there on another one.
  private static let mostUnread = 16 << 20

  private struct State {
    var head: ResponseHead?
    var headWaiter: CheckedContinuation<ResponseHead, any Error>?
    var unread: [UInt8] = []
    var reader: CheckedContinuation<[UInt8]?, any Error>?
    var isSuspended = false
    var end: Result<Void, any Error>?
  }

  let task: URLSessionDataTask
  private let state = Mutex(State())
  /// The session ends with its transport, and this needs it.
  private let transport: URLSessionTransport

  init(_ task: URLSessionDataTask, keeping transport: URLSessionTransport) {
    self.task = task
    self.transport = transport
  }

  func head() async throws -> ResponseHead {
    try await withCheckedThrowingContinuation { waiter in
      let end = state.withLock { state -> Result<Void, any Error>? in
        if state.end == nil { state.headWaiter = waiter }
        return state.end
      }
      switch end {
      case nil: task.resume()
      case .failure(let error): waiter.resume(throwing: error)
      case .success: waiter.resume(throwing: URLError(.badServerResponse))
      }
    }
  }

  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { reader in
        let (result, mustResume) = state.withLock { state -> (Result<[UInt8]?, any Error>?, Bool) in
          if !state.unread.isEmpty {
            defer {
              state.unread = []
              state.isSuspended = false
            }
            return (.success(state.unread), state.isSuspended)
          }
          switch state.end {
          case .success: return (.success(nil), false)
          case .failure(let error): return (.failure(error), false)
          case nil:
            state.reader = reader
            return (nil, false)
          }
        }
        if mustResume { task.resume() }
        if let result { reader.resume(with: result) }
      }
    } onCancel: {
      cancel()
    }
  }

  func cancel() {
    task.cancel()
    completed(CancellationError())
  }

  func received(_ response: URLResponse) {
    // Linux's Foundation shows responses with 1xx, which others pass over.
    guard let response = response as? HTTPURLResponse, response.statusCode >= 200, let url = response.url else {
      return
    }
    let headers = response.allHeaderFields.map { HeaderField("\($0.key)", "\($0.value)") }
    let head = ResponseHead(status: response.statusCode, headers: headers, url: url)
    let waiter = state.withLock { state in
      if state.head == nil { state.head = head }
      return state.headWaiter.take()
    }
    waiter?.resume(returning: head)
  }

  func received(_ data: Data) {
    let (reader, mustSuspend) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, Bool?) in
      guard state.end == nil else { return (nil, false) }
      if let reader = state.reader.take() { return (reader, false) }
      state.unread += data
      if state.unread.count > Self.mostUnread {
        state.end = .failure(URLError(.dataLengthExceedsMaximum))
        return (nil, nil)
      }
      #if canImport(FoundationNetworking)
        // Suspending has no effect on what comes, and one that is undone at once stops the program in Foundation.
        return (nil, false)
      #else
        guard state.unread.count > Self.highWater, !state.isSuspended else { return (nil, false) }
        state.isSuspended = true
        return (nil, true)
      #endif
    }
    reader?.resume(returning: [UInt8](data))
    switch mustSuspend {
    case true: task.suspend()
    case false: break
    case nil: task.cancel()
    }
  }

  func completed(_ error: (any Error)?) {
    let end: Result<Void, any Error> = error.map { .failure($0) } ?? .success(())
    let (waiter, reader) = state.withLock { state in
      if state.end == nil { state.end = end }
      return (state.headWaiter.take(), state.reader.take())
    }
    waiter?.resume(throwing: error ?? URLError(.badServerResponse))
    switch end {
    case .success: reader?.resume(returning: nil)
    case .failure(let error): reader?.resume(throwing: error)
    }
  }
}
