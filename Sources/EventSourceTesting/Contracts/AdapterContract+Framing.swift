import EventSourceServer

extension AdapterContract {
  static let framingChecks: [Check] = [
    Check("an HTTP/1.1 stream is chunked, and its connection serves another request after the end") { scene in
      let stream = try ClientStream(port: scene.port)
      try stream.readHead()
      try require(stream.fields["transfer-encoding"] == "chunked", "the fields are \(stream.fields)")
      try require(stream.fields["connection"] == nil, "the head has a Connection field: \(stream.fields)")
      try require(stream.fields["content-length"] == nil, "a stream must not have a Content-Length")
      let expected = try scene.publish(3)
      scene.hub.removeChannel("a")
      try stream.readToEnd()
      try require(stream.body.starts(with: expected), "the body differs")
      try stream.ask("GET", "/events/b")
      try stream.readHead()
      try require(stream.status == 200, "the status of the next request is \(stream.status)")
    },
    Check("an HTTP/1.1 client that asks for it has its connection closed at the end of the stream") { scene in
      let stream = try ClientStream(port: scene.port, fields: ["Connection: close"])
      try stream.readHead()
      scene.hub.removeChannel("a")
      try stream.readToEnd()
      let rest = try stream.socket.receive()
      try require(rest.isEmpty, "bytes follow the end")
    },
    Check("an HTTP/1.0 stream ends with its connection, even with keep-alive") { scene in
      for fields in [[], ["Connection: keep-alive"]] {
        let stream = try ClientStream(port: scene.port, "GET", "/events/b", fields: fields, version: "1.0")
        try stream.readHead()
        try require(stream.fields["transfer-encoding"] == nil, "an HTTP/1.0 response must not be chunked")
        try require(stream.fields["content-length"] == nil, "a stream must not have a Content-Length")
        try require(stream.fields["connection"]?.lowercased() != "keep-alive", "the fields are \(stream.fields)")
        let expected = try scene.publish(10, to: "b")
        try stream.readBody(atLeast: expected.count)
        try require(stream.body == expected, "the body differs")
        scene.hub.removeChannel("b")
        try stream.readToEnd()
        scene.hub.openChannel("b")
      }
    },
    Check("an aborted stream does not look complete", { $0.stallTimeout = .milliseconds(300) }) { scene in
      let stalled = try ClientStream(port: scene.port, receiveBuffer: 4096)
      try stalled.readHead()
      _ = try scene.publish(1500, dataBytes: 10_000)
      try scene.wait(for: "the stalled reader to be disconnected") { scene.hub.statistics.readers == 0 }
      do {
        try stalled.readToEnd()
      } catch {
        return
      }
      throw ContractViolation("the reader takes the aborted stream for complete")
    },
    Check("a rejection's fields cannot change its framing, nor its reason its lines", authorizer: Refusing()) { scene in
      let stream = try ClientStream(port: scene.port, "GET", "/events/a?status=403")
      for _ in 0..<2 {
        try stream.readHead()
        try require(stream.status == 403, "the status is \(stream.status)")
        try require(stream.fields["x-own"] == "1", "the authorizer's other fields are missing: \(stream.fields)")
        let framing = stream.fieldNames.filter { ["content-length", "transfer-encoding"].contains($0) }
        try require(framing == ["content-length"], "the response is framed by \(framing)")
        try require(!stream.fieldNames.contains("upgrade"), "the fields are \(stream.fieldNames)")
        try stream.readToEnd()
        try require(stream.body.filter { $0 == 10 || $0 == 13 } == [10], "the reason is not one line: \(stream.body)")
        try stream.ask("GET", "/events/a?status=403")
      }
    },
    Check("a rejection's status is an error or 204, and the connection stays usable", authorizer: Refusing()) { scene in
      for status in [204, 205, 304, 99, 100, 101, 200, 600, 1000, 99_999, -1, Int.min, Int.max] {
        let stream = try ClientStream(port: scene.port, "GET", "/events/a?status=\(status)")
        try stream.readHead()
        let isRight = status == 204 ? stream.status == 204 : (400...599).contains(stream.status)
        try require(isRight, "\(status) is sent as \(stream.status)")
        if status == 204 { try require(stream.fields["content-length"] == nil, "a 204 must not have a Content-Length") }
        try stream.readToEnd()
        try stream.ask("HEAD", "/events/nowhere?status=404")
        try stream.readHead()
        try require(stream.status == 404, "the status after \(status) is \(stream.status)")
      }
    },
  ]
}

/// Refuses with the status in the query, and with fields that it must not send.
private struct Refusing: ChannelAuthorizer {
  func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization {
    let status = RequestTarget(request.target)?.values(of: "status").first.flatMap { Int($0) } ?? 403
    let fields = [
      ("Content-Length", "0"), ("Transfer-Encoding", "chunked"), ("Connection", "upgrade"), ("Upgrade", "h2c"),
      ("Date", "never"), ("X-Own", "1"), ("X-Broken", "a\r\nX-Other: b"), ("X Y", "c"),
    ]
    return .rejected(
      EventStreamRejection(
        status: status, fields: fields.map { HeaderField($0.0, $0.1) },
        reason: "no\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"))
  }
}
