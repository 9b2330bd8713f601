#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl
  import Synchronization

  /// A transport on libcurl, for Linux. Foundation networking uses the same library there; this transport avoids
  /// Foundation's buffering.
  ///
  /// All transfers of the process share one thread. Each has its own connection, even over HTTP/2, which closes when
  /// the transfer ends. A transfer whose reader does not read is paused, and so is its socket. Content codings are
  /// decoded at the reader's pace, so a response that inflates without end does not exhaust memory.
  ///
  /// libcurl 7.68 or later is loaded at run time. Programs that link Foundation's networking have it.
  public struct CurlTransport: EventSourceTransport {
    private let options: Options

    /// Creates a transport.
    public init(options: Options = Options()) { self.options = options }

    /// Sends a request.
    ///
    /// - Throws: ``CurlError``, also if libcurl is not available; ``SubscriptionError`` for a request or an option that
    ///   libcurl does not accept, and for a connection that times out; another error for a content coding that was not
    ///   requested.
    public func send(_ request: SubscriptionRequest) async throws -> TransportResponse {
      try Task.checkCancellation()
      guard let engine = CurlEngine.shared else { throw CurlError(message: "there is no libcurl from 7.68 on") }
      let exchange = CurlExchange(try CurlTransfer(request, options), engine)
      let head = try await exchange.head()
      guard let decoder = try ContentDecoder(head) else { return TransportResponse(head: head, body: exchange) }
      return TransportResponse(head: head, body: DecodedBody(exchange, decoder))
    }
  }

  /// The error of a failed transfer.
  public struct CurlError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The description of the error by libcurl.
    public let message: String

    /// The message.
    public var description: String { message }
  }

  /// A response. Releasing it closes the connection.
  private final class CurlExchange: TransportBody {
    private let transfer: CurlTransfer
    private let engine: CurlEngine

    init(_ transfer: CurlTransfer, _ engine: CurlEngine) {
      self.transfer = transfer
      self.engine = engine
      engine.start(transfer)
    }

    deinit { cancel() }

    func head() async throws -> ResponseHead {
      try await withTaskCancellationHandler {
        try await transfer.inbox.head()
      } onCancel: {
        cancel()
      }
    }

    func next() async throws -> [UInt8]? {
      try await withTaskCancellationHandler {
        let bytes = try await transfer.inbox.next()
        if transfer.isPaused.exchange(false, ordering: .sequentiallyConsistent) { engine.resume(transfer) }
        return bytes
      } onCancel: {
        cancel()
      }
    }

    func cancel() {
      if transfer.inbox.end(.failure(CancellationError())) { engine.cancel(transfer) }
    }
  }
#endif
