import EventSourceFormat
import EventSourceServer
import Testing

@testable import EventSourceRedis

/// Tests of the wire format with hostile input.
@Suite struct WireTests {
  private func replies(_ text: String, at size: Int = .max, limit: Int = 1 << 20) throws -> [RedisReply] {
    let reader = ReplyReader(maximumBytes: limit, maximumElements: 1000)
    var replies: [RedisReply] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let part = rest.prefix(size)
      try part.withUnsafeBytes { try reader.feed($0) { replies.append($0) } }
      rest = rest.dropFirst(part.count)
    }
    return replies
  }

  @Test func repliesAreReadAtEverySplit() throws {
    let text = "+OK\r\n-ERR no\r\n:-12\r\n$5\r\nab\r\nc\r\n$-1\r\n*3\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n+x\r\n*-1\r\n"
    let expected: [RedisReply] = [
      .status("OK"), .error("ERR no"), .integer(-12), .bytes(Array("ab\r\nc".utf8)), .null,
      .array([.bytes(Array("a".utf8)), .array([.integer(1), .array([])]), .status("x")]), .null,
    ]
    for size in 1...text.utf8.count { #expect(try replies(text, at: size) == expected) }
  }

  @Test(arguments: [
    "!\r\n", "*2147483647\r\n", "*1000000\r\n", "$99999999999999999999\r\n", ":abc\r\n",
    String(repeating: "*1\r\n", count: 40), "*1001\r\n", "HTTP/1.1 400 Bad Request\r\n", "*-5\r\n", "$-7\r\n",
  ])
  func invalidRepliesAreRejected(_ text: String) {
    #expect(throws: ReplyReader.Failure.self) { try replies(text) }
  }

  @Test func aReplyLargerThanTheLimitIsRefusedBeforeItIsComplete() throws {
    #expect(throws: ReplyReader.Failure.tooLarge) {
      try replies("$100000000\r\n" + String(repeating: "x", count: 100_000), at: 4096, limit: 50_000)
    }
    #expect(try replies("$40000\r\n" + String(repeating: "x", count: 40_000) + "\r\n+OK\r\n", limit: 50_000).count == 2)
  }

  @Test func aCommandIsAnArrayOfBulkStrings() {
    #expect(RedisCommand("SET", "é", "").bytes == Array("*3\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n".utf8))
  }

  @Test func anEventComesBackAsItWasStored() throws {
    let events: [ServerSentEvent] = [
      ServerSentEvent(data: ""),
      ServerSentEvent(data: "a.d3:x\u{0}\r\n", type: " t ", id: "own", reconnectionTime: .zero),
      ServerSentEvent(data: "é", type: "message", reconnectionTime: .milliseconds(1 << 40)),
    ]
    var bytes: [UInt8] = []
    for event in events { StoredEvent(SharedPublication(event, key: event.type == nil ? nil : "k")).append(to: &bytes) }
    var rest = bytes[...]
    for (number, event) in events.enumerated() {
      let position = SharedPosition(epoch: 9, number: UInt64(number))
      var expected = event
      expected.id = event.id ?? EventID(position)
      let found = StoredEvent(&rest)?.event(at: position)
      #expect(found == SharedEvent(position: position, event: expected, key: event.type == nil ? nil : "k"))
    }
    #expect(rest.isEmpty)
    // A truncated event is not accepted, and parsing never reads beyond the end.
    var whole: [UInt8] = []
    StoredEvent(SharedPublication(events[1], key: "k")).append(to: &whole)
    for count in 0..<whole.count {
      var part = whole[..<count]
      #expect(StoredEvent(&part) == nil)
    }
  }

  @Test func aBatchIsDividedIntoPacksOfBoundedSize() throws {
    let sizes = Array(repeating: 10, count: 70) + [4000, 90, 91, 100_000, 0, 4096, 3]
    let batch = sizes.enumerated().map { number, size in
      SharedPublication(ServerSentEvent(data: "\(number)" + String(repeating: "x", count: size)), key: nil)
    }
    let packs = EventPack.packs(of: batch)
    #expect(packs.map(\.count).prefix(2) == [32, 32] && packs.map(\.count).reduce(0, +) == batch.count)
    #expect(packs.allSatisfy { $0.count <= 32 && ($0.count == 1 || $0.bytes.count <= 4096) })
    var found: [SharedEvent] = []
    for pack in packs {
      let last = SharedPosition(epoch: 9, number: UInt64(found.count + pack.count - 1))
      found += try #require(EventPack.events(in: pack.bytes, count: pack.count, last: last)).map(\.event)
    }
    #expect(found.map(\.event.data) == batch.map(\.event.data))
    #expect(found.map(\.position.number) == (0..<UInt64(batch.count)).map { $0 })
    #expect(EventPack.packs(of: []).isEmpty)
  }

  @Test func aPackOfAnotherNumberOfEventsIsNotAccepted() {
    let two = Array("d1:x.d1:y.".utf8)
    let last = SharedPosition(epoch: 9, number: 5)
    #expect(EventPack.events(in: two, count: 2, last: last)?.map(\.event.position.number) == [4, 5])
    #expect(EventPack.events(in: two, count: 2, last: last)?.map(\.byteCount) == [5, 5])
    for count in [.min, -1, 0, 1, 3, 6, 7, .max] {
      #expect(EventPack.events(in: two, count: count, last: last) == nil, "\(count)")
    }
    #expect(EventPack.events(in: two, count: 2, last: SharedPosition(epoch: 9, number: 0)) == nil)
    #expect(EventPack.events(in: two, count: 2, last: SharedPosition(epoch: 9, number: .max)) == nil)
    #expect(EventPack.events(in: Array("d1:x.d1:y".utf8), count: 2, last: last) == nil)
    #expect(EventPack.events(in: [], count: 1, last: last) == nil)
  }

  @Test func foreignMessagesAreNotEvents() {
    for text in [
      "", "1 2", "1 2 0", "0 1 0 d1:x.", "a 1 0 d1:x.", "1 -1 0 d1:x.", "1 1 0 d9:x.", "1 1 0 i0:d1:x.", "1 1 0 x",
    ] {
      #expect(RedisEventRepository.events(of: Array(text.utf8)).map(\.isEmpty) != false, "\(text)")
    }
    let events = RedisEventRepository.events(of: Array("7 41 0 d1:x.d1:yi3:own.".utf8))
    #expect(events?.map(\.event.id?.rawValue) == ["7-41", "own"])
    #expect(events?.map(\.position.number) == [41, 42])
  }

  @Test func theDigestMatchesTheStandard() {
    #expect(SHA1.hex(Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    #expect(SHA1.hex([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(SHA1.hex([UInt8](repeating: 97, count: 1_000_000)) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
  }

  @Test func positionsAreReadAsTheyAreWritten() {
    #expect(SharedPosition("7-0") == SharedPosition(epoch: 7, number: 0))
    for text in ["", "7", "-", "7-", "-7", "07-1", "7-01", "7-1-1", "+7-1", "7- 1", "18446744073709551616-1"] {
      #expect(SharedPosition(text) == nil, "\(text)")
    }
  }
}
