/// A request's body, which is counted and dropped (RFC 9112, 6 and 7.1).
struct RequestBody {
  private enum Rest {
    case none
    case bytes(Int)
    case chunkSize
    /// A chunk's bytes and the line end behind them.
    case chunk(Int)
    case trailers
  }

  private var rest = Rest.none

  /// Nothing is left of it.
  var isOver: Bool { if case .none = rest { true } else { false } }

  /// The body of no request.
  init() {}

  /// Nil: its length cannot be known.
  init?(of request: Request) {
    let lengths = request.values(of: "content-length")
    let codings = request.values(of: "transfer-encoding").map { $0.lowercased() }
    switch (lengths.count, codings) {
    case (0, []): break
    case (0, ["chunked"]): rest = .chunkSize
    case (1, []):
      guard let count = Self.number(lengths[0], radix: 10) else { return nil }
      rest = count == 0 ? .none : .bytes(count)
    default: return nil
    }
  }

  /// Drops what belongs to the body from the beginning of the bytes; false: it is malformed.
  mutating func drop(from bytes: inout [UInt8]) -> Bool {
    while !bytes.isEmpty {
      switch rest {
      case .none: return true
      case .bytes(let count):
        let used = min(count, bytes.count)
        bytes.removeFirst(used)
        rest = used == count ? .none : .bytes(count - used)
      case .chunk(let count):
        let used = min(count, bytes.count)
        bytes.removeFirst(used)
        rest = used == count ? .chunkSize : .chunk(count - used)
      case .chunkSize, .trailers:
        guard let end = bytes.firstIndex(of: 10) else { return bytes.count < 1024 }
        let line = String(decoding: bytes[..<end], as: UTF8.self).prefix { $0 != "\r" && $0 != "\r\n" && $0 != ";" }
        bytes.removeFirst(end + 1)
        if case .trailers = rest {
          if line.isEmpty { rest = .none }
        } else {
          guard let size = Self.number(String(line), radix: 16) else { return false }
          rest = size == 0 ? .trailers : .chunk(size + 2)
        }
      }
    }
    return true
  }

  /// Digits alone: no sign, which `Int` would take.
  private static func number(_ text: String, radix: Int) -> Int? {
    guard text.allSatisfy(\.isHexDigit), let number = Int(text, radix: radix), number < 1 << 60 else { return nil }
    return number
  }
}
