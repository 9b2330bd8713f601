/// An encoded command: an array of bulk strings (RESP2).
struct RedisCommand: Sendable {
  private(set) var bytes: [UInt8]

  init(_ arguments: [Argument]) {
    bytes = []
    bytes.reserveCapacity(arguments.reduce(16) { $0 + $1.count + 16 })
    bytes += "*\(arguments.count)\r\n".utf8
    for argument in arguments {
      bytes += "$\(argument.count)\r\n".utf8
      argument.append(to: &bytes)
      bytes += "\r\n".utf8
    }
  }

  init(_ words: String...) { self.init(words.map { .text($0) }) }

  enum Argument: Sendable {
    case text(String)
    case bytes([UInt8])

    var count: Int {
      switch self {
      case .text(let text): text.utf8.count
      case .bytes(let bytes): bytes.count
      }
    }

    func append(to all: inout [UInt8]) {
      switch self {
      case .text(let text): all += text.utf8
      case .bytes(let bytes): all += bytes
      }
    }
  }
}
