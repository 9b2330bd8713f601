/// The bytes of a sequence, collected into chunks that end with each line break, so that no event waits for the bytes
/// behind it.
public struct ByteChunks<Bytes: AsyncSequence>: AsyncSequence where Bytes.Element == UInt8 {
  /// A chunk: one byte at least.
  public typealias Element = [UInt8]

  /// How many bytes a chunk has at most.
  private static var maximumBytes: Int { 4096 }

  private let bytes: Bytes

  init(_ bytes: Bytes) { self.bytes = bytes }

  /// One reading of the bytes.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var bytes: Bytes.AsyncIterator

    /// Returns the next chunk; nil at the end.
    ///
    /// - Throws: What the bytes throw; what came before it and had no line break is lost then, as no part of an event.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
      var chunk: [UInt8] = []
      while chunk.count < ByteChunks.maximumBytes, let byte = try await bytes.next(isolation: actor) {
        chunk.append(byte)
        if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
      }
      return chunk.isEmpty ? nil : chunk
    }
  }

  /// Begins a reading.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes.makeAsyncIterator()) }
}

extension ByteChunks: Sendable where Bytes: Sendable {}

extension AsyncSequence where Element == UInt8 {
  /// The bytes in chunks, to be read as an event stream: `bytes.chunkedByLines.serverSentEvents()`.
  ///
  /// For sequences of single bytes, such as `URLSession.AsyncBytes`. Each byte costs a call; a source of chunks is
  /// faster.
  public var chunkedByLines: ByteChunks<Self> { ByteChunks(self) }
}
