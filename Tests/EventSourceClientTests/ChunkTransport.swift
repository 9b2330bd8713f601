import EventSourceClient
import Foundation
import Synchronization

/// A transport without a network. The response to each attempt is an event stream in exactly these pieces, which then
/// stays open.
final class ChunkTransport: EventSourceTransport {
  /// Returns the pieces of an attempt for its number, from 1, and its last event ID. `nil` makes the attempt fail.
  private let pieces: @Sendable (Int, String?) -> [String]?
  private struct State {
    var attempts = 0
    var open = 0
    var given = 0
  }
  private let state = Mutex(State())

  /// One permit for each piece. `nil` permits all pieces.
  private let permits: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)?

  /// - Parameter isStepped: Whether each piece waits for a call of ``release()``.
  init(isStepped: Bool = false, _ pieces: @escaping @Sendable (Int, String?) -> [String]?) {
    self.pieces = pieces
    permits = isStepped ? AsyncStream<Void>.makeStream() : nil
  }

  /// Permits the next piece.
  func release() { permits?.continuation.yield() }

  var attempts: Int { state.withLock { $0.attempts } }
  var open: Int { state.withLock { $0.open } }
  /// The number of pieces that were read, over all attempts.
  var given: Int { state.withLock { $0.given } }

  func send(_ request: SubscriptionRequest) async throws -> TransportResponse {
    let number = state.withLock { state in
      state.attempts += 1
      return state.attempts
    }
    guard let pieces = pieces(number, request.headers.values(of: "Last-Event-ID").first) else {
      throw URLError(.cannotConnectToHost)
    }
    state.withLock { $0.open += 1 }
    let head = ResponseHead(
      status: 200, headers: [HeaderField("Content-Type", "text/event-stream")], url: request.url)
    return TransportResponse(head: head, body: Body(pieces, self))
  }

  private final class Body: TransportBody {
    private let rest: Mutex<ArraySlice<String>?>
    private let transport: ChunkTransport

    init(_ pieces: [String], _ transport: ChunkTransport) {
      rest = Mutex(pieces[...])
      self.transport = transport
    }

    func next() async throws -> [UInt8]? {
      if let permits = transport.permits {
        for await _ in permits.stream { break }
        try Task.checkCancellation()
      }
      if let piece = rest.withLock({ $0?.popFirst() }) {
        transport.state.withLock { $0.given += 1 }
        return Array(piece.utf8)
      }
      try await Task.sleep(for: .seconds(3600))
      return nil
    }

    func cancel() {
      let wasOpen = rest.withLock { $0.take() != nil }
      if wasOpen { transport.state.withLock { $0.open -= 1 } }
    }
  }
}
