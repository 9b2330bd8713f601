import EventSourceServer
import TinyHTTP

/// Where the handler writes: frames a head and a stream in HTTP/1.1 or 1.0 (RFC 9112, 6 and 7.1).
final class StreamResponse: EventStreamResponse {
  /// The response is complete or cut off, and the connection no longer this one's.
  private(set) var hasEnded = false

  private let connection: Connection
  private let isHTTP10: Bool
  private let isHead: Bool
  private let closesConnection: Bool
  /// A write took less than it was offered: the lane waits to be told that more is taken.
  private var owesWritable = false

  /// The most bytes that wait in the connection for a slow reader.
  private static let mostUnsentBytes = 16 << 10

  init(to request: Request, on connection: Connection) {
    self.connection = connection
    isHTTP10 = request.isHTTP10
    isHead = request.method == "HEAD"
    closesConnection = request.closesConnection
  }

  /// Whether the lane is owed a call of `becameWritable`; it is paid by asking.
  func takeWritableDebt() -> Bool {
    defer { owesWritable = false }
    return owesWritable
  }

  func start(_ head: EventStreamResponseHead) {
    var text = "HTTP/1.1 \(head.status) \(head.status < 400 ? "OK" : "Refused")\r\n"
    for field in head.fields { text += "\(field.name): \(field.value)\r\n" }
    var body: [UInt8] = []
    switch head.body {
    // The length of a stream is not known: chunks, or in HTTP/1.0 the connection's end.
    case .stream: text += isHTTP10 ? "" : "Transfer-Encoding: chunked\r\n"
    case .bytes(let bytes):
      text += "Content-Length: \(bytes.count)\r\n"
      if !isHead { body = bytes }
    case .none: break
    }
    if closesConnection { text += "Connection: close\r\n" }
    connection.send(Array((text + "\r\n").utf8) + body)
    if head.body != .stream { finish() }
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    // What was taken goes first: with it sent, at most one piece waits here for a slow reader.
    guard !connection.hasUnsentBytes else {
      owesWritable = true
      return .accepted(0)
    }
    let count = min(bytes.count, Self.mostUnsentBytes)
    let piece = bytes.withUnsafeBytes { Array($0.prefix(count)) }
    // A chunk is given to the connection whole, so that its frame is never left open.
    connection.send(isHTTP10 ? piece : Array("\(String(count, radix: 16))\r\n".utf8) + piece + [13, 10])
    owesWritable = count < bytes.count
    if owesWritable, !connection.hasUnsentBytes { return continued(bytes, count) }
    return .accepted(count)
  }

  /// The kernel took the whole piece: the next one follows at once.
  private func continued(_ bytes: borrowing EventStreamBytes, _ count: Int) -> EventStreamWriteResult {
    switch write(bytes.dropFirst(count)) {
    case .accepted(let more): .accepted(count + more)
    case .peerGone: .peerGone
    }
  }

  func end(_ ending: EventStreamEnding) {
    switch ending {
    case .complete:
      if !isHTTP10 { connection.send("0\r\n\r\n".utf8) }
      finish()
    case .aborted:
      hasEnded = true
      connection.abort()
    }
  }

  private func finish() {
    hasEnded = true
    connection.finish()
  }
}
