#if NIO || Hummingbird
  import NIOCore
  import NIOHTTP1

  /// Parts of later requests that arrive while a request is being served, in order. A connection whose peer sends more
  /// than ``mostBytes`` ahead is closed.
  struct HeldParts {
    /// The maximum number of bytes: one read of a channel, and a request head besides.
    static let mostBytes = 128 << 10

    private var parts = CircularBuffer<HTTPServerRequestPart>()
    private var byteCount = 0

    var isEmpty: Bool { parts.isEmpty }
    var first: HTTPServerRequestPart? { parts.first }

    /// Keeps a part.
    ///
    /// - Returns: `false` if there are too many bytes.
    mutating func append(_ part: HTTPServerRequestPart) -> Bool {
      byteCount += Self.size(of: part)
      parts.append(part)
      return byteCount <= Self.mostBytes
    }

    mutating func popFirst() -> HTTPServerRequestPart? {
      let part = parts.popFirst()
      if let part { byteCount -= Self.size(of: part) }
      return part
    }

    mutating func removeAll() { self = HeldParts() }

    private static func size(of part: HTTPServerRequestPart) -> Int {
      switch part {
      case .head(let head):
        head.headers.reduce(256 + head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
      case .body(let buffer): 64 + buffer.readableBytes
      case .end: 64
      }
    }
  }
#endif
