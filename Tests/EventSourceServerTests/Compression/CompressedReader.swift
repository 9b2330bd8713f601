import EventSourceServer
import EventSourceTesting

/// A connection that accepts gzip, and what it has decoded.
final class CompressedReader {
  let connection: SimulatedStack.Connection
  let decoder = GzipDecoder()
  private(set) var decoded: [UInt8] = []
  /// The number of bytes received.
  private(set) var received = 0
  private(set) var newest: [UInt8] = []

  init(
    _ stack: SimulatedStack, _ handler: EventStreamHandler, channels: [String] = ["a"], lastEventID: String? = nil,
    accepting codings: String? = "gzip", room: Int = .max
  ) {
    var request = SimulatedRequest(lastEventID: lastEventID)
    if let codings { request.fields.append(HeaderField("Accept-Encoding", codings)) }
    connection = stack.connect(handler, request, channels: channels, room: room)
  }

  var isCompressed: Bool {
    connection.response.head?.fields.contains { $0.name == "Content-Encoding" && $0.value == "gzip" } ?? false
  }

  /// Decodes what has come since. Returns the decoded bytes as text.
  @discardableResult func read() -> String {
    newest = connection.response.takeBody()
    received += newest.count
    let more = isCompressed ? decoder.decode(newest) : newest
    decoded += more
    return String(decoding: more, as: UTF8.self)
  }

  var text: String { String(decoding: decoded, as: UTF8.self) }

  /// The values of a field of the head.
  func values(of name: String) -> [String] {
    connection.response.head?.fields.filter { $0.name == name }.map(\.value) ?? []
  }
}
