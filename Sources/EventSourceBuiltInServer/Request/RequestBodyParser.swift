/// Reads the body of a request, in pieces of any size, and keeps it or drops it.
///
/// Pure: no I/O, no clock. It holds at most ``RequestLimits/bodyBytes``, and no more than has really come, whatever
/// length was announced.
struct RequestBodyParser {
  private enum State {
    case length(remaining: Int)
    case chunked(ChunkedBodyParser)
  }

  private var state: State
  private let isKept: Bool
  /// What has come of the body, without its framing; nothing if it is not kept.
  private(set) var bytes: [UInt8] = []

  /// Makes a parser for the body that follows a head.
  ///
  /// - Parameter isKept: Whether somebody will read the body. One that is not kept is counted against the same limit.
  init(_ framing: RequestHead.Framing, limits: RequestLimits, isKept: Bool = true) {
    self.isKept = isKept
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
