import EventSourceServer

extension AdapterContract {
  static let endingChecks: [Check] = [
    Check("a peer that leaves at any stage is forgotten") { scene in
      for round in 0..<20 {
        let request = "GET /events/a HTTP/1.1\r\nHost: x\r\n\r\n"
        let partial = try ClientSocket(port: scene.port)
        try partial.send(String(request.prefix(round * 2)))
        let asked = try ClientSocket(port: scene.port)
        try asked.send(request)
        let opened = try ClientStream(port: scene.port)
        try opened.readHead()
        let midway = try ClientStream(port: scene.port, receiveBuffer: 4096)
        try midway.readHead()
        _ = try scene.publish(50, dataBytes: 10_000)
        if round % 2 == 0 {
          for socket in [partial, asked, opened.socket, midway.socket] { socket.reset() }
        } else {
          for socket in [partial, asked, opened.socket, midway.socket] { socket.close() }
        }
      }
      try scene.wait(for: "peers that have left to be forgotten") { scene.hub.statistics.readers == 0 }
    },
    Check("a stream that the hub ends is completed in the response's framing") { scene in
      let stream = try ClientStream(port: scene.port)
      try stream.readHead()
      let expected = try scene.publish(5000)
      scene.hub.removeChannel("a")
      try stream.readToEnd()
      let text = String(decoding: stream.body.dropFirst(expected.count), as: UTF8.self)
      try require(
        stream.body.starts(with: expected) && text.hasPrefix("retry: ") && text.hasSuffix("\n\n"),
        "before the end comes what is published and a retry; it was \(text)")
    },
    Check("stopping drains: every reader gets what is published, a retry, and the end") { scene in
      let streams = try (0..<20).map { _ in try ClientStream(port: scene.port) }
      for stream in streams { try stream.readHead() }
      let expected = try scene.publish(100)
      let adapter = scene.adapter
      Task { await adapter.stop(drainingOver: .milliseconds(200)) }
      for stream in streams {
        try stream.readToEnd()
        try require(stream.body.starts(with: expected), "what was published came before the end")
        let text = String(decoding: stream.body.dropFirst(expected.count), as: UTF8.self)
        try require(text.hasPrefix("retry: "), "a retry comes last; it was \(text)")
      }
    },
    Check("stopping twice is stopping once, and each call returns at the end") { scene in
      let streams = try (0..<5).map { _ in try ClientStream(port: scene.port) }
      for stream in streams { try stream.readHead() }
      let calls = [
        scene.beginStopping(draining: .milliseconds(300)),
        scene.beginStopping(draining: .milliseconds(300), canceled: true),
        scene.beginStopping(draining: .milliseconds(300)),
      ]
      try scene.wait(for: "a call to return") { calls.contains { $0.hasReturned } }
      try require((try? ClientSocket(port: scene.port)) == nil, "a call has returned, and the port is still open")
      for stream in streams { stream.socket.close() }
      try scene.wait(for: "all calls to return") { calls.allSatisfy { $0.hasReturned } }
    },
    Check("a stop does not wait for a peer that has everything") { scene in
      let streams = try ["1.0", "1.1"].map { try ClientStream(port: scene.port, version: $0) }
      for stream in streams { try stream.readHead() }
      scene.hub.removeChannel("a")
      for stream in streams { try stream.readToEnd() }
      // They keep their ends of the connections.
      let stopping = scene.beginStopping(draining: .seconds(300))
      try scene.wait(for: "the stop to return") { stopping.hasReturned }
      for stream in streams { stream.socket.close() }
    },
    Check("streams come and go by the hundred, and nothing is left") { scene in
      for _ in 0..<5 {
        let streams = try (0..<100).map { _ in try ClientStream(port: scene.port) }
        let expected = try scene.publish(3)
        for (index, stream) in streams.enumerated() where index % 3 > 0 {
          try stream.readHead()
          if index % 3 == 1 { stream.socket.reset() }
        }
        _ = expected
        for stream in streams { stream.socket.close() }
      }
      try scene.wait(for: "all streams to be forgotten") { scene.hub.statistics.readers == 0 }
    },
  ]
}
