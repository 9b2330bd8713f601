import EventSourceServer
import TinyHTTP

/// The handler's response: writes a head and a stream as HTTP/1.1 or 1.0 (RFC 9112, 6 and 7.1).
final class StreamResponse: EventStreamResponse {
  /// Whether the response is complete or aborted, so that the connection no longer belongs to it.
  private(set) var hasEnded = false

  private let connection: Connection
  private let isHTTP10: Bool
  private let isHead: Bool
  private let closesConnection: Bool
  /// Whether a write accepted less than offered, so that the lane waits for a notification.
  private var needsWritableNotification = false

  /// The maximum number of bytes that wait in the connection for a slow reader.
  private static let mostUnsentBytes = 16 << 10

  init(to request: Request, on connection: Connection) {
    self.connection = connection
    isHTTP10 = request.isHTTP10
    isHead = request.method == "HEAD"
    closesConnection = request.closesConnection
  }

  /// Returns whether the lane needs a call of `becameWritable`, and clears that.
  func takeWritableDebt() -> Bool {
    defer { needsWritableNotification = false }
    return needsWritableNotification
  }

  func start(_ head: EventStreamResponseHead) {
    var text = "HTTP/1.1 \(head.status) \(head.status < 400 ? "OK" : "Refused")\r\n"
    for field in head.fields { text += "\(field.name): \(field.value)\r\n" }
    var body: [UInt8] = []
    switch head.body {
    // The length of a stream is unknown, so it uses chunks. In HTTP/1.0, the connection's end ends it.
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
    // Accepted bytes are sent first, so at most one piece waits here for a slow reader.
    guard !connection.hasUnsentBytes else {
      needsWritableNotification = true
      return .accepted(0)
    }
    let count = min(bytes.count, Self.mostUnsentBytes)
    let piece = bytes.withUnsafeBytes { Array($0.prefix(count)) }
    // A chunk is passed to the connection as a whole, so its framing is never left incomplete.
    connection.send(isHTTP10 ? piece : Array("\(String(count, radix: 16))\r\n".utf8) + piece + [13, 10])
    needsWritableNotification = count < bytes.count
    if needsWritableNotification, !connection.hasUnsentBytes { return continued(bytes, count) }
    return .accepted(count)
  }

  /// The kernel accepted the whole piece, so the next one follows immediately.
  private func continued(_ bytes: borrowing EventStreamBytes, _ count: Int) -> EventStreamWriteResult {
    switch write(bytes.dropFirst(count)) {
    case .accepted(let more): .accepted(count + more)
    case .peerDisconnected: .peerDisconnected
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
