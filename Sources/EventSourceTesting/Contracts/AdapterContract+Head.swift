import EventSourceServer

extension AdapterContract {
  static let headChecks: [Check] = [
    Check("the head comes at once, before any event") { scene in
      let stream = try ClientStream(port: scene.port)
      try stream.readHead()
      try require(stream.status == 200, "the status is \(stream.status)")
      try require(
        stream.fields["content-type"] == "text/event-stream; charset=utf-8", "the type is \(stream.fields)")
      try require(stream.fields["x-accel-buffering"] == "no", "the handler's fields are sent: \(stream.fields)")
      try require(stream.fields["content-length"] == nil, "a stream has no length")
    },
    Check("HEAD has a head and no body") { scene in
      let stream = try ClientStream(port: scene.port, "HEAD", fields: ["Connection: close"])
      try stream.readHead()
      try require(stream.status == 200, "the status is \(stream.status)")
      let rest = try stream.socket.receive()
      try require(rest.isEmpty && stream.body.isEmpty && stream.hasNothingLeft, "bytes follow the head")
    },
    Check("OPTIONS is answered with the methods allowed", { $0.crossOrigin = CrossOriginPolicy(.any) }) { scene in
      let stream = try ClientStream(
        port: scene.port, "OPTIONS",
        fields: ["Origin: https://a.example", "Access-Control-Request-Method: GET", "Connection: close"])
      try stream.readHead()
      try require(stream.status == 204, "the status is \(stream.status)")
      try require(stream.fields["access-control-allow-origin"] == "*", "the fields are \(stream.fields)")
    },
    Check("a rejection is a complete response with one line of reason") { scene in
      for (method, path, fields, status) in [
        ("GET", "/events/nowhere", [], 404), ("DELETE", "/events/a", [], 405),
        ("GET", "/events/a", ["Accept: application/json"], 406), ("GET", "/events/a%0A", [], 400),
        ("GET", "/events/a?channel=b", [], 400),
      ] {
        let stream = try ClientStream(port: scene.port, method, path, fields: fields + ["Connection: close"])
        try stream.readHead()
        try require(stream.status == status, "\(method) \(path) is answered \(stream.status), not \(status)")
        try stream.readToEnd()
        try require(
          stream.body.count > 1 && stream.body.last == 10 && stream.body.filter { $0 == 10 }.count == 1,
          "the reason is one line: \(stream.body)")
      }
      try scene.wait(for: "refused requests to be forgotten") { scene.hub.statistics.readers == 0 }
    },
  ]
}
