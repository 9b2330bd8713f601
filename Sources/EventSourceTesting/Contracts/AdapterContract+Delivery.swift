import EventSourceServer

extension AdapterContract {
  static let deliveryChecks: [Check] = [
    Check("readers receive exactly the published bytes") { scene in
      let streams = try (0..<20).map { _ in try ClientStream(port: scene.port) }
      for stream in streams { try stream.readHead() }
      let expected = try scene.publish(2000)
      for stream in streams {
        try stream.readBody(atLeast: expected.count)
        try require(stream.body == expected, "the body differs")
      }
    },
    Check("an event is delivered as soon as it is published, without waiting for the next one") { scene in
      let stream = try ClientStream(port: scene.port)
      try stream.readHead()
      var expected: [UInt8] = []
      for _ in 0..<50 {
        expected += try scene.publish(1)
        try stream.readBody(atLeast: expected.count)
      }
      try require(stream.body == expected, "the body differs")
    },
    Check("short writes at any position neither lose nor repeat bytes") { scene in
      let streams = try [2048, 4096, 8192, 30_000].map {
        try ClientStream(port: scene.port, receiveBuffer: $0)
      }
      for stream in streams { try stream.readHead() }
      var expected = try scene.publish(300, dataBytes: 7001)
      expected += try scene.publish(1, dataBytes: 1_500_000)
      expected += try scene.publish(2000, dataBytes: 13)
      for (stream, step) in zip(streams, [1021, 4096, 65_536, 7]) {
        var size = step
        try stream.readBody(atLeast: 50_000, atMostAtOnce: step)
        try stream.readBody(
          atLeast: expected.count,
          atMostAtOnce: {
            size = size * 31 % 65_521 + 1
            return size
          }())
        try require(stream.body == expected, "the body differs")
      }
    },
    Check("a stalled reader does not delay others, and gets everything when it reads again") { scene in
      let stalled = try ClientStream(port: scene.port, receiveBuffer: 4096)
      let reader = try ClientStream(port: scene.port)
      try stalled.readHead()
      try reader.readHead()
      let expected = try scene.publish(1500, dataBytes: 10_000)
      try reader.readBody(atLeast: expected.count)
      try require(reader.body == expected, "the body differs")
      try stalled.readBody(atLeast: expected.count)
      try require(stalled.body == expected, "the stalled reader's body differs")
    },
    Check("a reader that never reads is disconnected", { $0.stallTimeout = .milliseconds(300) }) { scene in
      let stalled = try ClientStream(port: scene.port, receiveBuffer: 4096)
      try stalled.readHead()
      _ = try scene.publish(1500, dataBytes: 10_000)
      try scene.wait(for: "the stalled reader to be disconnected") { scene.hub.statistics.readers == 0 }
      try require(
        scene.hub.statistics.streamsEnded == [.stalled: 1], "the stream ended as \(scene.hub.statistics.streamsEnded)")
    },
    Check("bytes kept for stalled readers are released when they disconnect") { scene in
      let stalled = try (0..<10).map { _ in try ClientStream(port: scene.port, receiveBuffer: 4096) }
      for stream in stalled { try stream.readHead() }
      _ = try scene.publish(1500, dataBytes: 10_000)
      for stream in stalled { stream.socket.reset() }
      try scene.wait(for: "disconnected peers to be released") { scene.hub.statistics.readers == 0 }
      // The log was released with its channel. The adapter keeps any bytes that are still retained.
      scene.hub.removeChannel("a")
      try scene.wait(for: "the kept bytes to be released") {
        scene.hub.statistics.retainedBytes < 4096
      }
    },
    Check("an idle stream sends heartbeats", { $0.heartbeatInterval = .milliseconds(50) }) { scene in
      let stream = try ClientStream(port: scene.port)
      try stream.readHead()
      try stream.readBody(atLeast: 9)
      try require(stream.body.starts(with: ":\n\n:\n\n:\n\n".utf8), "the body is \(stream.body)")
    },
    Check("a returning reader gets exactly the events that it missed") { scene in
      let expected = try scene.publish(100)
      let events = expected.split(separator: Array("\n\n".utf8))
      for last in [1, 2, 50, 99, 100] {
        let id = events[last - 1].split(separator: Array("\nid: ".utf8)).last ?? []
        let stream = try ClientStream(
          port: scene.port, fields: ["Last-Event-ID: \(String(decoding: id, as: UTF8.self))"])
        try stream.readHead()
        let missed = events.dropFirst(last).flatMap { Array($0) + Array("\n\n".utf8) }
        try stream.readBody(atLeast: missed.count)
        try require(stream.body == missed, "after event \(last) the body differs")
      }
    },
  ]
}
