/// Parses the body of a request from chunks of any size, and keeps or discards it.
///
/// Pure: no I/O, no clock. It holds at most ``RequestLimits/bodyBytes``, and only bytes that have arrived, whatever
/// length was announced.
struct RequestBodyParser {
  private enum State {
    case length(remaining: Int)
    case chunked(ChunkedBodyParser)
  }

  private var state: State
  private let isKept: Bool
  /// The received part of the body, without its framing. Empty if the body is discarded.
  private(set) var bytes: [UInt8] = []

  /// Creates a parser for the body that follows a head.
  ///
  /// - Parameter isKept: Whether the body will be read. A discarded body has the same limit.
  init(_ framing: RequestHead.Framing, limits: RequestLimits, isKept: Bool = true) {
    self.isKept = isKept
    switch framing {
    case .length(let count): state = .length(remaining: count)
    case .chunked: state = .chunked(ChunkedBodyParser(limits: limits))
    }
  }

  /// Whether the body is complete.
  var isComplete: Bool {
    switch state {
    case .length(let remaining): remaining == 0
    case .chunked(let parser): parser.isComplete
    }
  }

  /// Parses bytes.
  ///
  /// - Returns: The number of bytes that belonged to the body: all of them unless the body is complete.
  /// - Throws: The rejection. Do not parse anything after it.
  mutating func parse(_ input: Span<UInt8>) throws(RequestRejection) -> Int {
    switch state {
    case .length(let remaining):
      let count = min(remaining, input.count)
      if isKept { bytes.append(input.extracting(first: count)) }
      state = .length(remaining: remaining - count)
      return count
    case .chunked(var parser):
      let isKept = isKept
      var kept: [UInt8] = []
      swap(&kept, &bytes)
      let count = try parser.parse(input) { data in
        if isKept { kept.append(data) }
      }
      bytes = kept
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
