#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl

  /// Undoes the content coding of a response (RFC 9110, 8.4.1) as its reader reads: what has not been read yet stays
  /// compressed, whatever it inflates to.
  // Sendable, because it has one reader, which calls one method after the other: no lock is needed.
  package final class ContentDecoder: @unchecked Sendable {
    /// How many bytes are inflated at a time.
    private static let pieceBytes = 32 << 10

    /// Whether there is a zlib.
    package static let isAvailable = eventsource_inflate_load() != 0

    private let inflater: UnsafeMutableRawPointer
    private var input: [UInt8] = []
    private var taken = 0
    private var isLast = false
    private var isComplete = false
    /// Whether zlib may hold more that found no room.
    private var wasFull = false

    /// Makes a decoder for a response; nil: its content has no coding.
    ///
    /// - Throws: ``ContentCodingError`` for a coding that it cannot undo.
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

    /// Adds what has come, when everything before has been taken; nil: that was all.
    func add(_ bytes: [UInt8]?) {
      input = bytes ?? []
      taken = 0
      isLast = bytes == nil
    }

    /// Returns the next bytes of the content; nil: it needs more of what comes, or it is complete.
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
