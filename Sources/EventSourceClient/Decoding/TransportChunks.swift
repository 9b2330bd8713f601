/// The body of a response as a sequence of chunks, for responses that are read without an ``EventSource``.
///
/// It can be iterated once. Releasing the iterator closes the connection.
public struct TransportChunks: AsyncSequence, Sendable {
  /// A chunk of at least one byte.
  public typealias Element = [UInt8]

  private let body: any TransportBody

  init(_ body: any TransportBody) { self.body = body }

  /// The lifetime of an iteration. Releasing it closes the connection.
  private final class Reading: Sendable {
    let body: any TransportBody
    init(_ body: any TransportBody) { self.body = body }
    deinit { body.cancel() }
  }

  /// The one iterator of the body.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let reading: Reading

    fileprivate init(_ body: any TransportBody) { reading = Reading(body) }

    /// Returns the next chunk, or `nil` at the end of a complete body.
    ///
    /// - Throws: Any error of the transport, if the body breaks off.
    public mutating func next() async throws -> [UInt8]? { try await reading.body.next() }
  }

  /// Creates the iterator.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body) }
}

extension TransportResponse {
  /// The body as a sequence of chunks: `response.chunks.serverSentEvents()`.
  public var chunks: TransportChunks { TransportChunks(body) }
}
