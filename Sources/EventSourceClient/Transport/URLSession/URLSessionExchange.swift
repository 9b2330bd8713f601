import Synchronization

internal import Foundation

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// One task of a session. It is suspended while too many bytes are unread.
///
/// The session's queue calls `received` and `completed`. One reader calls everything else.
final class URLSessionExchange: TransportBody {
  #if canImport(FoundationNetworking)
    /// Here suspending a task does not stop its bytes, and resuming it immediately afterwards crashes Foundation.
    /// Beyond this number of unread bytes, the connection is closed. The reader gets what has arrived and can resume
    /// from there.
    private static let mostUnread = 16 << 20
  #else
    private static let mostUnread = Int.max
    private static let highWater = 256 << 10
  #endif

  let task: URLSessionDataTask
  private let inbox = ResponseInbox()
  /// Guarded by a lock, because the session's queue sets it and the reader clears it.
  private let isSuspended = Mutex(false)
  private let isRedirected = Atomic(false)
  #if canImport(FoundationNetworking)
    private struct Rejection {
      var head: ResponseHead
      var body: [UInt8] = []
    }
    /// A 401 response, held back until it is known that the delegate's answer leads to no other response. Here the
    /// challenge arrives after the response.
    private let rejection = Mutex<Rejection?>(nil)
  #endif
  /// Retains the transport, because the session ends with it.
  private let transport: URLSessionTransport

  init(_ task: URLSessionDataTask, keeping transport: URLSessionTransport) {
    self.task = task
    self.transport = transport
  }

  func head() async throws -> ResponseHead {
    task.resume()
    return try await inbox.head()
  }

  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      let bytes = try await inbox.next()
      isSuspended.withLock { isSuspended in
        if isSuspended { task.resume() }
        isSuspended = false
      }
      return bytes
    } onCancel: {
      cancel()
    }
  }

  func cancel() {
    // A task whose redirect is not followed ends by itself. Cancelling it before that crashes Linux's Foundation.
    if !isRedirected.load(ordering: .relaxed) { task.cancel() }
    inbox.end(.failure(CancellationError()))
  }

  func received(redirect response: URLResponse) {
    isRedirected.store(true, ordering: .relaxed)
    received(response)
  }

  func received(_ response: URLResponse) {
    // Linux's Foundation delivers 1xx responses, which other platforms skip.
    guard let response = response as? HTTPURLResponse, response.statusCode >= 200, response.url != nil else { return }
    let head = ResponseHead(response)
    #if canImport(FoundationNetworking)
      let isHeld = rejection.withLock { rejection in
        rejection = head.status == 401 && transport.answersChallenges ? Rejection(head: head) : nil
        return rejection != nil
      }
      if isHeld { return }
    #endif
    inbox.put(head)
  }

  func received(_ data: Data) {
    #if canImport(FoundationNetworking)
      let isHeld = rejection.withLock { rejection in
        guard let held = rejection?.body.count else { return false }
        rejection?.body += data.prefix(Self.mostUnread - held)
        return true
      }
      if isHeld { return }
    #endif
    switch data.withUnsafeBytes({ inbox.put($0, unlessUnread: Self.mostUnread) }) {
    case false:
      inbox.end(.failure(URLError(.dataLengthExceedsMaximum)))
      task.cancel()
    case nil:
      task.cancel()
    case true:
      #if !canImport(FoundationNetworking)
        isSuspended.withLock { isSuspended in
          guard !isSuspended, inbox.unreadCount > Self.highWater else { return }
          isSuspended = true
          task.suspend()
        }
      #endif
    }
  }

  func completed(_ error: (any Error)?, _ response: URLResponse?) {
    #if canImport(FoundationNetworking)
      // Foundation reports an error for a redirect that it cannot follow. It is still a response.
      if let response, rejection.withLock({ $0 == nil }) { received(response) }
      if let rejection = rejection.withLock({ $0.take() }) {
        inbox.put(rejection.head)
        if !rejection.body.isEmpty {
          _ = rejection.body.withUnsafeBytes { inbox.put($0, unlessUnread: Self.mostUnread) }
        }
      }
    #endif
    inbox.end(error.map { .failure($0) } ?? .success(()))
  }
}
