import EventSourceServer

/// Writes the head of a response. Pure.
struct ResponseHeadEncoder {
  /// How the end of the response is told (RFC 9112, 6.3).
  enum Framing: Equatable {
    /// `Content-Length`, also of a body that is not sent because the request was HEAD.
    case length(Int)
    /// `Transfer-Encoding: chunked`.
    case chunked
    /// Nothing is said: the status or the method forbids a body, or the connection's end is the body's.
    case none
  }

  /// The Date field's value.
  var date: [UInt8]
  /// How the end is told.
  var framing: Framing
  /// Whether the connection ends with this response.
  var closes: Bool

  /// Appends the status line, the fields and the empty line.
  ///
  /// A field that frames the message is the server's and left out, whoever named it. So is one that would break out of
  /// its line; its name is returned, for the log.
  func encode(status: Int, fields: [HeaderField], into bytes: inout [UInt8]) -> [String] {
    var refused: [String] = []
    bytes.append("HTTP/1.1 ")
    bytes.append(status)
    bytes.append(" ")
    bytes.append(reasonPhrase(status))
    bytes.append("\r\nDate: ")
    bytes.append(contentsOf: date)
    bytes.append("\r\n")
    for field in fields {
      guard field.isSendable else {
        if !field.framesMessage { refused.append(field.name) }
        continue
      }
      bytes.append(contentsOf: field.name.utf8)
      bytes.append(": ")
      bytes.append(contentsOf: field.value.utf8)
      bytes.append("\r\n")
    }
    switch framing {
    case .length(let count):
      bytes.append("Content-Length: ")
      bytes.append(count)
      bytes.append("\r\n")
    case .chunked: bytes.append("Transfer-Encoding: chunked\r\n")
    case .none: break
    }
    if closes { bytes.append("Connection: close\r\n") }
    bytes.append("\r\n")
    return refused
  }
}
