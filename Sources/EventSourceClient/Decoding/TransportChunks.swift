/// The body of a response as a sequence of chunks, for responses that no ``EventSource`` reads.
///
/// It has one reading, which closes the connection when nobody has its iterator any more.
public struct TransportChunks: AsyncSequence, Sendable {
  /// A chunk: one byte at least.
  public typealias Element = [UInt8]

  private let body: any TransportBody

  init(_ body: any TransportBody) { self.body = body }

  /// The reading; its connection ends with it.
  private final class Reading: Sendable {
    let body: any TransportBody
    init(_ body: any TransportBody) { self.body = body }
    deinit { body.cancel() }
  }

  /// One reading of the body.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let reading: Reading

    fileprivate init(_ body: any TransportBody) { reading = Reading(body) }

    /// Returns the next chunk; nil at the end of a complete body.
    ///
    /// - Throws: What the transport throws when the body breaks off.
    public mutating func next() async throws -> [UInt8]? { try await reading.body.next() }
  }

  /// Begins the reading.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body) }
}

extension TransportResponse {
  /// The body as a sequence of chunks: `response.chunks.serverSentEvents()`.
  public var chunks: TransportChunks { TransportChunks(body) }
}
