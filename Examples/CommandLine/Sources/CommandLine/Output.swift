import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Lines on the standard output, each there when it is whole; a reader that has gone ends the program, quietly, as
/// other filters do.
struct Output {
  let isTerminal = isatty(STDOUT_FILENO) == 1
  private let encoder: JSONEncoder

  init() {
    encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
  }

  func line(_ text: String) { write(Array((text + "\n").utf8)) }

  func json(_ value: some Encodable) throws { write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]) }

  private func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { exit(Failure.inputOutput) }
      rest = rest.dropFirst(count)
    }
  }

  /// A part of a line that stands out on a terminal.
  func faint(_ text: String) -> String { isTerminal ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
  func bold(_ text: String) -> String { isTerminal ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}

/// An event as a line of JSON.
struct EventLine: Encodable {
  var type: String
  var data: String
  var lastEventID: String
}

/// A comment as a line of JSON.
struct CommentLine: Encodable {
  var comment: String
}

/// The end of a stream as a line of JSON.
struct EndLine: Encodable {
  var lastEventID: String
  var reconnectionTime: Int64?

  private enum Key: CodingKey { case end, lastEventID, reconnectionTime }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(true, forKey: .end)
    try container.encode(lastEventID, forKey: .lastEventID)
    try container.encode(reconnectionTime, forKey: .reconnectionTime)
  }
}
