#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl
  import Synchronization

  /// libcurl as a transport, on Linux: the library that Foundation stands on there, without what Foundation makes of
  /// it.
  ///
  /// All transfers of the process share one thread. Each has a connection of its own, over HTTP/2 too, which is closed
  /// with it; a transfer whose reader does not read is paused, and so is its socket. Content codings are undone as the
  /// reader reads, so that a response that inflates without end costs no memory.
  ///
  /// libcurl is found when the program runs, from version 7.68 on; a program that is linked with Foundation's
  /// networking has it.
  public struct CurlTransport: EventSourceTransport {
    private let options: Options

    /// Makes a transport.
    public init(options: Options = Options()) { self.options = options }

    /// Sends a request.
    ///
    /// - Throws: ``CurlError``, also when there is no libcurl; another error for a content coding that was not asked
    ///   for; ``SubscriptionError`` for a request or an option that libcurl does not accept, and for a connection that
    ///   is not made in time.
    public func send(_ request: EventSourceRequest) async throws -> TransportResponse {
      try Task.checkCancellation()
      guard let engine = CurlEngine.shared else { throw CurlError(message: "there is no libcurl from 7.68 on") }
      let exchange = CurlExchange(try CurlTransfer(request, options), engine)
      let head = try await exchange.head()
      guard let decoder = try ContentDecoder(head) else { return TransportResponse(head: head, body: exchange) }
      return TransportResponse(head: head, body: DecodedBody(exchange, decoder))
    }
  }

  /// What libcurl says of a transfer that failed.
  public struct CurlError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in libcurl's words.
    public let message: String

    /// The message.
    public var description: String { message }
  }

  /// A response; who lets go of it closes the connection.
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
