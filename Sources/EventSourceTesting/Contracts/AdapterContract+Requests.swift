import EventSourceServer

extension AdapterContract {
  static let requestChecks: [Check] = [
    Check("a target in absolute-form is served") { scene in
      for host in ["a", "127.0.0.1:\(scene.port)", "[::1]:8080"] {
        let stream = try ClientStream(port: scene.port, "GET", "http://\(host)/events/a?x=1")
        try stream.readHead()
        try require(stream.status == 200, "the status for http://\(host)/… is \(stream.status)")
      }
    },
    Check("a request's body is skipped, and the bytes after it are the next request") { scene in
      let body = String(repeating: "GET /events/a HTTP/1.1\r\n", count: 2000)
      let chunk = "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
      for (field, body) in [("Content-Length: \(body.utf8.count)", body), ("Transfer-Encoding: chunked", chunk)] {
        let stream = try ClientStream(port: scene.port, "GET", "/events/nowhere", fields: [field])
        try stream.socket.send(body)
        try stream.readHead()
        try require(stream.status == 404, "the status is \(stream.status)")
        try stream.readToEnd()
        try stream.ask("GET", "/events/b", fields: [field])
        try stream.socket.send(body)
        try stream.readHead()
        try require(stream.status == 200, "the status is \(stream.status)")
        let expected = try scene.publish(3, to: "b")
        try stream.readBody(atLeast: expected.count)
        try require(stream.body == expected, "the body differs")
      }
    },
    Check("a publisher without pauses does not starve other work") { scene in
      let readers = try (0..<20).map { _ in try BackgroundReader(port: scene.port) }
      let publisher = BackgroundPublisher(scene.hub)
      defer {
        publisher.stop()
        for reader in readers { reader.stop() }
      }
      try scene.wait(for: "the readers to read") { readers.allSatisfy { $0.byteCount > 0 } }
      for _ in 0..<20 {
        let stream = try ClientStream(port: scene.port, "HEAD", fields: ["Connection: close"])
        try stream.readHead()
        try require(stream.status == 200, "the status is \(stream.status)")
      }
    },
  ]
}
