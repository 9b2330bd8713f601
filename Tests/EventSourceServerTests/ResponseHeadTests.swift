import EventSourceServer
import Testing

/// Tests what a head passes to the stacks, which send it unchanged.
@Suite struct ResponseHeadTests {
  @Test(arguments: [Int.min, -1, 0, 99, 100, 101, 199, 600, 999, 1000, Int.max])
  func aStatusThatNoResponseCanHaveIsAnError(status: Int) {
    #expect(EventStreamResponseHead(status: status, body: .none).status == 500)
  }

  @Test func aStatusThatForbidsABodyHasNone() {
    for status in [204, 304] {
      #expect(EventStreamResponseHead(status: status, body: .bytes([1])).body == EventStreamResponseHead.Body.none)
      #expect(EventStreamResponseHead(status: status, body: .stream).body == EventStreamResponseHead.Body.none)
    }
    #expect(EventStreamResponseHead(status: 205, body: .bytes([1])).body == .bytes([]))
    #expect(EventStreamResponseHead(status: 206, body: .bytes([1])).body == .bytes([1]))
  }

  @Test(arguments: [
    "Content-Length", "content-length", "TRANSFER-ENCODING", "Connection", "Date", "Keep-Alive", "Proxy-Connection",
    "Trailer", "Upgrade", "TE", "Content-Range", "", "a b", "a:", "a\r\nb", "a\0", "\u{e9}", "(a)", "a,b",
  ])
  func aFieldThatAnApplicationMayNotNameIsLeftOut(name: String) {
    let head = EventStreamResponseHead(
      status: 200, fields: [HeaderField(name, "1"), HeaderField("X-Own", "2")], body: .stream)
    #expect(head.fields == [HeaderField("X-Own", "2")])
    #expect(!HeaderField(name, "1").isSendable)
  }

  @Test func aValueThatWouldEndItsLineIsLeftOut() {
    for byte in UInt8.min...UInt8.max {
      let value = String(decoding: [UInt8(ascii: "a"), byte], as: Unicode.ASCII.self)
      let mayBeSent = byte == 9 || byte >= 0x20 && byte != 0x7F
      #expect(HeaderField("X-Own", value).isSendable == mayBeSent, "\(byte)")
    }
    #expect(HeaderField("X-Own", "\u{e4}\t\u{1F600}").isSendable)
  }
}
