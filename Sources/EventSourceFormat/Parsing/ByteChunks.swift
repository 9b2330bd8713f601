/// The bytes of a sequence, collected into chunks. A chunk ends at each line break, so no event waits for the bytes
/// after it.
public struct ByteChunks<Bytes: AsyncSequence>: AsyncSequence where Bytes.Element == UInt8 {
  /// A chunk of at least one byte.
  public typealias Element = [UInt8]

  /// The maximum size of a chunk.
  private static var maximumBytes: Int { 4096 }

  private let bytes: Bytes

  init(_ bytes: Bytes) { self.bytes = bytes }

  /// An iterator over the chunks.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var bytes: Bytes.AsyncIterator

    /// Returns the next chunk, or `nil` at the end.
    ///
    /// - Throws: Any error of the bytes. Earlier bytes without a line break are then lost; they were not part of a
    ///   complete event.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
      var chunk: [UInt8] = []
      while chunk.count < ByteChunks.maximumBytes, let byte = try await bytes.next(isolation: actor) {
        chunk.append(byte)
        if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
      }
      return chunk.isEmpty ? nil : chunk
    }
  }

  /// Returns an iterator over the chunks.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes.makeAsyncIterator()) }
}

extension ByteChunks: Sendable where Bytes: Sendable {}

extension AsyncSequence where Element == UInt8 {
  /// The bytes in chunks, for reading them as an event stream: `bytes.chunkedByLines.serverSentEvents()`.
  ///
  /// Use this for sequences of single bytes, such as `URLSession.AsyncBytes`. Each byte costs a call, so a source of
  /// chunks is faster.
  public var chunkedByLines: ByteChunks<Self> { ByteChunks(self) }
}
