#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl

  /// Decodes the content coding of a response (RFC 9110, 8.4.1) at the reader's pace. Unread content stays compressed,
  /// however large it would inflate.
  // Sendable without a lock, because its one reader makes one call at a time.
  package final class ContentDecoder: @unchecked Sendable {
    /// The number of bytes to inflate at a time.
    private static let pieceBytes = 32 << 10

    /// Whether zlib is available.
    package static let isAvailable = eventsource_inflate_load() != 0

    private let inflater: UnsafeMutableRawPointer
    private var input: [UInt8] = []
    private var taken = 0
    private var isLast = false
    private var isComplete = false
    /// Whether the output was full, so that zlib may hold more.
    private var wasFull = false

    /// Creates a decoder for a response. Returns `nil` if its content has no coding.
    ///
    /// - Throws: ``ContentCodingError`` for a coding that is not supported.
    package init?(_ head: ResponseHead) throws {
      let codings = head.headers.values(of: "Content-Encoding").joined(separator: ",").split(separator: ",")
        .map { $0.lowercased().filter { !" \t".contains($0) } }.filter { $0 != "identity" && !$0.isEmpty }
      guard let coding = codings.first else { return nil }
      guard codings.count == 1, ["gzip", "x-gzip", "deflate"].contains(coding), Self.isAvailable else {
        throw ContentCodingError(
          message: "the content has the coding \"\(codings.joined(separator: ", "))\", which was not asked for")
      }
      guard let inflater = eventsource_inflate_new() else {
        throw ContentCodingError(message: "there is no memory for zlib")
      }
      self.inflater = inflater
    }

    deinit { eventsource_inflate_free(inflater) }

    /// Adds received bytes, once all previous ones have been consumed. `nil` marks the end.
    func add(_ bytes: [UInt8]?) {
      input = bytes ?? []
      taken = 0
      isLast = bytes == nil
    }

    /// Returns the next decoded bytes. Returns `nil` if it needs more input or the content is complete.
    func next() throws -> [UInt8]? {
      while !isComplete, taken < input.count || isLast || wasFull {
        var step = eventsource_inflate_step()
        let (inflater, taken, isLast, all) = (inflater, taken, isLast, input)
        let output = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { memory, count in
          step = all.withUnsafeBytes { bytes in
            eventsource_inflate(
              inflater, bytes.baseAddress.map { $0 + taken }, bytes.count - taken, memory.baseAddress, memory.count,
              isLast ? 1 : 0)
          }
          count = step.given
        }
        self.taken += step.taken
        if step.status < 0 { throw ContentCodingError(message: "the compressed content is damaged, or breaks off") }
        isComplete = step.status > 0
        wasFull = step.given == Self.pieceBytes
        if !output.isEmpty { return output }
      }
      return nil
    }
  }
#endif
