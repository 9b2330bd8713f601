/// A reply of a server (RESP2).
indirect enum RedisReply: Sendable, Equatable {
  case bytes([UInt8])
  case status(String)
  case error(String)
  case integer(Int64)
  case array([RedisReply])
  case null

  /// The text of bytes or a status.
  var text: String? {
    switch self {
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text): text
    default: nil
    }
  }

  var elements: [RedisReply]? { if case .array(let elements) = self { elements } else { nil } }
}
