import EventSourceServer

extension AdapterContract {
  static let compressionChecks: [Check] = [
    Check("compressed and plain readers receive the same events, each as soon as it is published", compress) { scene in
      let plain = try ClientStream(port: scene.port)
      try plain.readHead()
      try require(plain.fields["content-encoding"] == nil, "a reader without gzip gets \(plain.fields)")
      let coded = try (0..<5).map { _ in try CodedClientStream(port: scene.port) }
      var expected: [UInt8] = []
      for number in 0..<50 {
        // Later readers are sent other blocks than those that are already up to date.
        let late = number == 20 ? [try CodedClientStream(port: scene.port)] : []
        let start = expected.count
        expected += try scene.publish(number % 10 == 0 ? 30 : 1)
        try plain.readBody(atLeast: expected.count)
        for stream in coded { try stream.read(atLeast: expected.count) }
        for stream in late {
          try stream.read(atLeast: expected.count - start)
          try require(stream.content == Array(expected[start...]), "a later reader's content differs")
        }
      }
      try require(plain.body == expected, "the plain body differs")
      for stream in coded { try require(stream.content == expected, "the content differs") }
    },
    Check("short writes of compressed streams neither lose nor repeat bytes", compress) { scene in
      let streams = try [2048, 4096, 30_000].map { try CodedClientStream(port: scene.port, receiveBuffer: $0) }
      var expected = try scene.publish(200, dataBytes: 7001)
      expected += try scene.publish(1, dataBytes: 1_500_000)
      expected += try scene.publish(1000, dataBytes: 13)
      for (stream, step) in zip(streams, [1021, 4096, 65_536]) {
        try stream.read(atLeast: 50_000, atMostAtOnce: step)
        try stream.read(atLeast: expected.count)
        try require(stream.content == expected, "the content differs")
      }
    },
    Check("a compressed stream ends with the end of its coding", compress) { scene in
      let streams = try (0..<5).map { _ in try CodedClientStream(port: scene.port) }
      let expected = try scene.publish(100)
      let adapter = scene.adapter
      Task { await adapter.stop(drainingOver: .milliseconds(200)) }
      for stream in streams {
        try stream.readToEnd()
        let text = String(decoding: stream.content.dropFirst(expected.count), as: UTF8.self)
        try require(
          stream.content.starts(with: expected) && text.hasPrefix("retry: ") && text.hasSuffix("\n\n"),
          "everything published and a retry must precede the end; received \(text)")
      }
    },
  ]

  private static func compress(_ configuration: inout EventStreamHandler.Configuration) {
    configuration.compression = EventStreamCompression(StoringCompressor())
  }
}
