/// Removes the chunked coding (RFC 9112, 7.1). Extensions and trailers are bounded and ignored.
///
/// Pure. Like ``RequestHeadParser``, its result does not depend on how the bytes are split.
struct ChunkedBodyParser {
  /// The place of the next byte. Each case lists its successors.
  private enum State: Equatable {
    /// In the hexadecimal digits of a chunk's size. -> extension, sizeEnd
    case size(digits: Int)
    /// After the size, from the first byte that is not a digit. -> sizeEnd
    case `extension`
    /// After the CR of the size's line. -> data, trailerStart
    case sizeEnd
    /// -> dataCarriageReturn
    case data
    /// -> dataLineFeed
    case dataCarriageReturn
    /// -> size
    case dataLineFeed
    /// At the beginning of a trailer field or of the empty line. -> trailer, bodyEnd
    case trailerStart
    /// -> trailerLineFeed
    case trailer
    /// -> trailerStart
    case trailerLineFeed
    /// After the CR of the last line. -> complete
    case bodyEnd
    case complete
  }

  private let limits: RequestLimits
  private var state = State.size(digits: 0)
  /// The remaining bytes of the current chunk.
  private var remaining = 0
  private var overhead = 0
  /// The number of data bytes so far.
  private var count = 0

  init(limits: RequestLimits) { self.limits = limits }

  /// Whether the last chunk and the trailers have been read.
  var isComplete: Bool { state == .complete }

  /// Parses bytes and passes the data to `take`.
  ///
  /// - Returns: The number of bytes that belonged to the body: all of them unless the body is complete.
  mutating func parse(_ input: Span<UInt8>, _ take: (Span<UInt8>) -> Void) throws(RequestRejection) -> Int {
    var index = 0
    while index < input.count, state != .complete {
      if state == .data {
        let count = min(remaining, input.count - index)
        take(input.extracting(index..<index + count))
        self.count += count
        remaining -= count
        index += count
        if remaining == 0 { state = .dataCarriageReturn }
      } else {
        try takeFraming(input[index])
        index += 1
      }
    }
    return index
  }

  private mutating func takeFraming(_ byte: UInt8) throws(RequestRejection) {
    switch state {
    case .size(let digits): try takeSize(byte, digits: digits)
    case .extension: try takeIgnored(byte, atEnd: .sizeEnd)
    case .sizeEnd: try expect(.lineFeed, byte, then: remaining == 0 ? .trailerStart : .data)
    case .dataCarriageReturn: try expect(.carriageReturn, byte, then: .dataLineFeed)
    case .dataLineFeed: try expect(.lineFeed, byte, then: .size(digits: 0))
    case .trailerStart:
      if byte == .carriageReturn {
        state = .bodyEnd
      } else {
        guard byte.isToken else { throw RequestRejection("a trailer is not a field") }
        state = .trailer
        try takeIgnored(byte, atEnd: .trailerLineFeed)
      }
    case .trailer: try takeIgnored(byte, atEnd: .trailerLineFeed)
    case .trailerLineFeed: try expect(.lineFeed, byte, then: .trailerStart)
    case .bodyEnd: try expect(.lineFeed, byte, then: .complete)
    case .data, .complete: break
    }
  }

  private mutating func takeSize(_ byte: UInt8, digits: Int) throws(RequestRejection) {
    if let value = byte.hexadecimalValue {
      // At most sixteen digits, including leading zeros. The sum cannot overflow, because it is checked first.
      guard digits < 16 else { throw RequestRejection("a chunk's size has too many digits") }
      remaining = remaining * 16 + value
      guard remaining <= limits.bodyBytes - count else {
        throw RequestRejection(status: 413, "the body is larger than \(limits.bodyBytes) bytes")
      }
      state = .size(digits: digits + 1)
      return
    }
    guard digits > 0 else { throw RequestRejection("a chunk does not begin with its size") }
    switch byte {
    case .carriageReturn: state = .sizeEnd
    case UInt8(ascii: ";"):
      state = .extension
      try takeIgnored(byte, atEnd: .sizeEnd)
    default: throw RequestRejection("a chunk's size is not a hexadecimal number")
    }
  }

  private mutating func takeIgnored(_ byte: UInt8, atEnd next: State) throws(RequestRejection) {
    if byte == .carriageReturn {
      state = next
      return
    }
    guard byte.isFieldValue else { throw RequestRejection("the chunked coding contains a control character") }
    overhead += 1
    guard overhead <= limits.chunkOverheadBytes else {
      throw RequestRejection("the extensions and trailers of the chunked coding are too long")
    }
  }

  private mutating func expect(_ expected: UInt8, _ byte: UInt8, then next: State) throws(RequestRejection) {
    guard byte == expected else { throw RequestRejection("a line of the chunked coding does not end in CR LF") }
    state = next
  }
}
