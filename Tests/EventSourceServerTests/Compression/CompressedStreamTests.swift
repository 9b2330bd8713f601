import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import EventSourceZlib
import Testing

@Suite struct CompressedStreamTests {
  private func handler(
    _ hub: EventHub, sharing: EventStreamCompression.Sharing = .perChannel,
    _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in }
  ) -> EventStreamHandler {
    EventStreamHandler(
      hub,
      configuration: .with {
        $0.compression = EventStreamCompression(ZlibCompressor(), sharing: sharing)
        change(&$0)
      })
  }

  private func json(_ number: Int) -> String {
    "{\"symbol\":\"ACME\",\"number\":\(number),\"bid\":\(100 + number % 7),\"ask\":\(101 + number % 5),"
      + "\"venue\":\"XNYS\",\"condition\":\"regular\"}"
  }

  @Test func readersOfAChannelAreSentTheSameBlocks() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = handler(hub)
    let readers = (0..<5).map { _ in CompressedReader(stack, handler) }
    let plain = CompressedReader(stack, handler, accepting: nil)
    stack.run()
    for reader in readers { reader.read() }
    plain.read()
    for number in 0..<200 {
      try hub.publish(json(number), to: "a")
      stack.run()
      let text = plain.read()
      for reader in readers {
        #expect(reader.read() == text)
        #expect(reader.newest == readers[0].newest)
      }
    }
    #expect(readers.allSatisfy { $0.isCompressed && $0.decoder.flaw == nil && $0.text == plain.text })
    #expect(!plain.isCompressed)
    #expect(readers[0].received < plain.received / 3)
  }

  @Test func theHeadSaysWhatWasChosenAndWhatItDependsOn() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let gzip = handler(hub)
    let cases: [(handler: EventStreamHandler, accepting: String?, channels: [String], coding: [String])] = [
      (gzip, "gzip", ["a"], ["gzip"]), (gzip, nil, ["a"], []), (gzip, "br", ["a"], []),
      (gzip, "gzip;q=0", ["a"], []), (gzip, "gzip;q=0.1, identity", ["a"], []),
      (gzip, "gzip", ["a", "b"], []), (gzip, "gzip, identity;q=0", ["a", "b"], ["gzip"]),
      (handler(hub, sharing: .perStream), "gzip", ["a", "b"], ["gzip"]),
      (handler(hub) { $0.coalescingWindow = .seconds(1) }, "gzip", ["a"], []),
    ]
    for (handler, accepting, channels, coding) in cases {
      let reader = CompressedReader(stack, handler, channels: channels, accepting: accepting)
      stack.run()
      #expect(reader.values(of: "Content-Encoding") == coding)
      #expect(reader.values(of: "Vary") == ["Accept-Encoding"])
      var head = SimulatedRequest(fields: accepting.map { [HeaderField("Accept-Encoding", $0)] } ?? [])
      head.method = "HEAD"
      let headOnly = stack.connect(handler, head, channels: channels)
      stack.run()
      #expect(headOnly.response.head?.fields == reader.connection.response.head?.fields)
      #expect(headOnly.response.head?.body == EventStreamResponseHead.Body.none)
    }
    let refused = CompressedReader(stack, gzip, accepting: "*;q=0")
    let without = CompressedReader(stack, EventStreamHandler(hub), accepting: "gzip")
    stack.run()
    #expect(refused.connection.response.head?.status == 406 && refused.values(of: "Vary") == ["Accept-Encoding"])
    #expect(without.connection.response.head?.status == 200 && without.values(of: "Vary") == [])
    #expect(!without.isCompressed)
  }

  /// A reader that stops after every possible number of bytes, at the same time as others.
  @Test func aShortWriteAtEveryByteLosesNothing() throws {
    for policy in [ChannelConfiguration.SlowReaderPolicy.disconnect, .skipToNewest, .newestPerKey] {
      for room in 0..<260 {
        let hub = EventHub(configuration: .test)
        hub.openChannel(
          "a",
          configuration: {
            var rules = ChannelConfiguration()
            rules.slowReaders = policy
            return rules
          }())
        let stack = SimulatedStack(hub: hub)
        let handler = handler(hub)
        let fast = CompressedReader(stack, handler)
        let slow = CompressedReader(stack, handler, room: room)
        stack.run()
        for number in 0..<4 {
          try hub.publish(
            ServerSentEvent(data: json(number)), to: "a", coalescingKey: "\(number)")
          stack.run()
        }
        slow.connection.read(1)
        stack.run()
        slow.connection.read()
        stack.run()
        try hub.publish(json(5), to: "a")
        stack.run()
        stack.lane.drain(over: .zero)
        stack.run()
        fast.read()
        slow.read()
        #expect(slow.text.split(separator: "\nretry").first == fast.text.split(separator: "\nretry").first)
        #expect(slow.decoder.isFinished && slow.decoder.flaw == nil && slow.connection.response.ending == .complete)
        #expect(fast.decoder.isFinished && fast.decoder.flaw == nil)
      }
    }
  }

  @Test func aLargeEventReachesEveryReader() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = handler(hub)
    let follower = CompressedReader(stack, handler)
    let slow = CompressedReader(stack, handler, room: 40)
    stack.run()
    try hub.publish("begin", to: "a")
    stack.run()
    for size in [8 << 10, 70_000, 300_000, 2 << 20] {
      try hub.publish(String((0..<size).map { Character(UnicodeScalar(UInt8(97 + $0 * $0 % 23))) }), to: "a")
      try hub.publish("between", to: "a")
      stack.run()
    }
    let late = CompressedReader(stack, handler, lastEventID: hub.id(1))
    stack.run()
    while slow.connection.response.needsWritableNotification {
      slow.connection.read(9000)
      stack.run()
    }
    try hub.publish("end", to: "a")
    slow.connection.read()
    stack.run()
    for reader in [follower, slow, late] { reader.read() }
    #expect(follower.decoder.flaw == nil && follower.text.hasSuffix("data: end\nid: \(hub.id(10))\n\n"))
    #expect(slow.text == follower.text && slow.decoder.flaw == nil)
    #expect(
      late.decoder.flaw == nil && follower.text.hasSuffix(late.text.dropFirst(2)) && late.text.utf8.count > 2 << 20)
  }

  @Test func theEventAfterSilenceIsCompressedForAll() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = handler(hub) { $0.heartbeatInterval = .seconds(1) }
    let readers = (0..<3).map { _ in CompressedReader(stack, handler) }
    stack.run()
    for number in 0..<3 {
      try hub.publish(json(number), to: "a")
      stack.run()
      stack.advance(by: .milliseconds(2500))
      for reader in readers { reader.read() }
      #expect(readers[0].text.hasSuffix(":\n\n:\n\n"))
      try hub.publish(String(repeating: json(number), count: 10), to: "a")
      stack.run()
      for reader in readers {
        reader.read()
        #expect(reader.newest.count < 300)
      }
    }
    #expect(readers.allSatisfy { $0.text == readers[0].text && $0.decoder.flaw == nil })
  }

  @Test func aNewReaderFollowsSoonAndCostsTheOthersLittle() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = handler(hub)
    let first = (0..<20).map { _ in CompressedReader(stack, handler) }
    stack.run()
    for number in 0..<50 {
      try hub.publish(json(number), to: "a")
      stack.run()
    }
    for reader in first { reader.read() }
    let late = CompressedReader(stack, handler)
    stack.run()
    late.read()
    var shared = 0
    for number in 50..<1050 {
      try hub.publish(json(number), to: "a")
      stack.run()
      first[0].read()
      late.read()
      if first[0].newest == late.newest { shared += 1 }
    }
    #expect(shared > 800)
    #expect(first[0].decoder.flaw == nil && late.decoder.flaw == nil && first[0].text.hasSuffix(late.text.dropFirst(2)))
  }

  @Test func aCompressorIsReleasedAfterSilenceAndChargedUntilThen() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = handler(hub) { $0.heartbeatInterval = nil }
    let reader = CompressedReader(stack, handler)
    try hub.publish("one", to: "a")
    stack.run()
    try hub.publish("two", to: "a")
    stack.run()
    let size = ZlibCompressor().bytesPerDeflater
    #expect(hub.statistics.retainedBytes > size)
    stack.advance(by: .seconds(25))
    #expect(hub.statistics.retainedBytes < size)
    try hub.publish("three", to: "a")
    stack.run()
    #expect(hub.statistics.retainedBytes > size)
    reader.read()
    #expect(reader.text.hasSuffix("data: three\nid: \(hub.id(3))\n\n") && reader.decoder.flaw == nil)
    reader.connection.disconnect()
    stack.run()
    #expect(hub.statistics.retainedBytes < size)
  }

  @Test func withoutMemoryForCompressorsReadersAreSentStoredBlocks() throws {
    let hub = EventHub(
      configuration: .test {
        $0.memoryLimit = 3 * ZlibCompressor().bytesPerDeflater
        $0.channelCreation = .onDemand
      })
    let stack = SimulatedStack(hub: hub)
    let handler = handler(hub)
    let reader = CompressedReader(stack, handler)
    stack.run()
    for number in 0..<50 {
      try hub.publish(json(number), to: "a")
      stack.run()
    }
    reader.read()
    #expect(reader.decoder.flaw == nil && reader.received > reader.text.utf8.count && reader.isCompressed)
    #expect(hub.statistics.retainedBytes < ZlibCompressor().bytesPerDeflater)
  }

  @Test func aDeflaterThatFailsHarmsNobody() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for sharing in [EventStreamCompression.Sharing.perChannel, .perStream] {
      let handler = EventStreamHandler(
        hub,
        configuration: .with { $0.compression = EventStreamCompression(FailingCompressor(), sharing: sharing) })
      let reader = CompressedReader(stack, handler)
      stack.run()
      for number in 0..<20 {
        try hub.publish(json(number), to: "a")
        stack.run()
        #expect(reader.read().contains("\"number\":\(number),"))
      }
      #expect(reader.decoder.flaw == nil)
    }
  }

  @Test func everyOrderlyEndIsTheEndOfTheMemberAndAnAbortIsNot() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    for sharing in [EventStreamCompression.Sharing.perChannel, .perStream] {
      let stack = SimulatedStack(hub: hub)
      let handler = handler(hub, sharing: sharing) { $0.openingComment = nil }
      let silent = CompressedReader(stack, handler)
      let reader = CompressedReader(stack, handler, channels: ["b"])
      let stalled = CompressedReader(stack, handler, channels: ["b"], room: 30)
      stack.run()
      try hub.publish(json(1), to: "b")
      try hub.publish(json(2), to: "b")
      stack.run()
      stack.lane.drain(over: .zero)
      stack.run()
      try hub.publish(json(3), to: "b")
      stack.advance(by: .seconds(40))
      for reader in [silent, reader, stalled] { reader.read() }
      for reader in [silent, reader] {
        #expect(reader.connection.response.ending == .complete && reader.decoder.isFinished)
        #expect(reader.decoder.flaw == nil && reader.text.contains("retry:"))
      }
      #expect(stalled.connection.response.ending == .aborted && !stalled.decoder.isFinished)
      #expect(stalled.decoder.flaw == nil)
    }
  }

  @Test func aRunEndsWithTheEndOfTheMember() throws {
    let hub = EventHub(configuration: .test)
    var configuration = RunCollection.Configuration()
    configuration.streams.compression = EventStreamCompression(ZlibCompressor())
    let runs = RunCollection(hub, configuration: configuration)
    let run = try runs.start()
    let stack = SimulatedStack(hub: hub)
    let request = SimulatedRequest(fields: [HeaderField("Accept-Encoding", "gzip")])
    let connections = [0, 1, 20].map { stack.connect(run, request, room: $0 == 0 ? .max : $0) }
    stack.run()
    try run.write(ServerSentEvent(data: json(1)))
    stack.run()
    try run.finish()
    stack.run()
    for connection in connections {
      connection.read()
      stack.run()
      let decoder = GzipDecoder()
      let text = String(decoding: decoder.decode(connection.response.body), as: UTF8.self)
      #expect(text.contains(json(1)) && decoder.isFinished && decoder.flaw == nil)
      #expect(connection.response.ending == .complete)
    }
  }
}

/// Every third block fails, and every second deflater.
private struct FailingCompressor: EventStreamCompressor {
  final class Deflater: EventStreamDeflater {
    let deflater = ZlibCompressor().makeDeflater()!
    var count = 0

    func reset() { deflater.reset() }

    func deflate(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool {
      count += 1
      return count % 3 != 0 && deflater.deflate(bytes, into: &output)
    }
  }

  var bytesPerDeflater: Int { 1000 }
  func makeDeflater() -> (any EventStreamDeflater)? { Bool.random() ? Deflater() : nil }
}
