/// Reads the body of a request, in pieces of any size, and keeps it.
///
/// Pure: no I/O, no clock. It holds at most ``RequestLimits/bodyBytes``, and no more than has really come, whatever
/// length was announced.
struct RequestBodyParser {
  private enum State {
    case length(remaining: Int)
    case chunked(ChunkedBodyParser)
  }

  private var state: State
  /// What has come of the body, without its framing.
  private(set) var bytes: [UInt8] = []

  /// Makes a parser for the body that follows a head.
  init(_ framing: RequestHead.Framing, limits: RequestLimits) {
    switch framing {
    case .length(let count): state = .length(remaining: count)
    case .chunked: state = .chunked(ChunkedBodyParser(limits: limits))
    }
  }

  /// Whether the body has ended.
  var isComplete: Bool {
    switch state {
    case .length(let remaining): remaining == 0
    case .chunked(let parser): parser.isComplete
    }
  }

  /// Reads on.
  ///
  /// - Returns: How many bytes belonged to the body, all of them unless it is complete.
  /// - Throws: The rejection; nothing may be parsed after it.
  mutating func parse(_ input: Span<UInt8>) throws(RequestRejection) -> Int {
    switch state {
    case .length(let remaining):
      let count = min(remaining, input.count)
      bytes.append(input.extracting(first: count))
      state = .length(remaining: remaining - count)
      return count
    case .chunked(var parser):
      let count = try parser.parse(input, into: &bytes)
      state = .chunked(parser)
      return count
    }
  }
}

extension [UInt8] {
  /// Appends the bytes of a span.
  mutating func append(_ span: Span<UInt8>) {
    span.withUnsafeBufferPointer { append(contentsOf: $0) }
  }
}
