import EventSourceFormat
import Testing

@Suite struct EncoderTests {
  private func encoded(_ event: ServerSentEvent) throws -> String {
    var bytes: [UInt8] = Array("before".utf8)
    try EventStreamEncoder.encode(event, into: &bytes)
    let text = String(decoding: bytes.dropFirst(6), as: UTF8.self)
    #expect(try EventStreamEncoder.byteCount(of: event) == text.utf8.count)
    return text
  }

  @Test func fieldsComeInTheirOrderAndABlankLineEndsThem() throws {
    let event = ServerSentEvent(data: "hello", type: "greeting", id: "7", reconnectionTime: .seconds(3))
    #expect(try encoded(event) == "event: greeting\nretry: 3000\ndata: hello\nid: 7\n\n")
    #expect(try encoded(ServerSentEvent(data: "hello")) == "data: hello\n\n")
  }

  @Test(arguments: [
    ("", [""]), ("a\nb", ["a", "b"]), ("a\rb", ["a", "b"]), ("a\r\nb", ["a", "b"]), ("\n", ["", ""]),
    ("a\n", ["a", ""]), ("\n\ra", ["", "", "a"]), ("\r\n\r\n", ["", "", ""]), (" a", [" a"]),
    ("a\u{2028}b\u{85}c", ["a\u{2028}b\u{85}c"]),
  ])
  func dataIsSplitAtEveryLineBreak(data: String, lines: [String]) throws {
    #expect(try encoded(ServerSentEvent(data: data)) == lines.map { "data: \($0)\n" }.joined() + "\n")
  }

  @Test func aRetryIsWholeMilliseconds() throws {
    func retry(_ time: Duration) throws -> String {
      var bytes: [UInt8] = []
      try EventStreamEncoder.encode(reconnectionTime: time, into: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
    #expect(try retry(.zero) == "retry: 0\n\n")
    #expect(try retry(.microseconds(1999)) == "retry: 1\n\n")
    #expect(try retry(.milliseconds(Int64.max)) == "retry: \(Int64.max)\n\n")
    #expect(try retry(.seconds(Int64.max)) == "retry: \(Int64.max)\n\n")
    #expect(try retry(.seconds(1e20)) == "retry: \(Int64.max)\n\n")
    #expect(throws: EventStreamFormatError.negativeReconnectionTime(.milliseconds(-1))) { try retry(.milliseconds(-1)) }
    #expect(throws: EventStreamFormatError.negativeReconnectionTime(.seconds(-1))) {
      try encoded(ServerSentEvent(data: "", reconnectionTime: .seconds(-1)))
    }
  }

  @Test func aCommentIsItsLineUnchanged() throws {
    var bytes: [UInt8] = []
    try EventStreamEncoder.encode(comment: " a: b", into: &bytes)
    try EventStreamEncoder.encode(comment: "", into: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == ": a: b\n:\n")
  }

  @Test(arguments: ["\n", "\r", "\r\n", "a\ndata: b", "a\r\n\r\nb"])
  func aLineBreakCannotBeSmuggledIn(text: String) {
    let offset = text.utf8.prefix { $0 != 10 && $0 != 13 }.count
    #expect(throws: EventStreamFormatError.lineBreak(in: .id, offset: offset)) { try EventID(text) }
    #expect(throws: EventStreamFormatError.lineBreak(in: .type, offset: offset)) { try EventType(text) }
    var bytes: [UInt8] = []
    #expect(throws: EventStreamFormatError.lineBreak(in: .comment, offset: offset)) {
      try EventStreamEncoder.encode(comment: text, into: &bytes)
    }
    #expect(bytes.isEmpty)
  }

  @Test func whatReadersWouldIgnoreIsRefused() throws {
    let (withNUL, empty) = ("a\0b", "")
    #expect(throws: EventStreamFormatError.nullCharacter(in: .id, offset: 1)) { try EventID(withNUL) }
    #expect(throws: EventStreamFormatError.empty(.type)) { try EventType(empty) }
    #expect(try EventType(withNUL).rawValue == withNUL)
    #expect(try EventID(empty).rawValue.isEmpty)
  }

  @Test func idsAndTypesAreComparedByTheirBytes() throws {
    #expect(EventID("\u{E9}") != EventID("e\u{301}"))
    #expect(EventType("\u{E9}") != EventType("e\u{301}"))
    #expect(Set([EventID("a"), EventID("a")]).count == 1)
  }

  @Test func anyTypeIsPublishedThroughOneProperty() throws {
    struct Price: ServerSentEventConvertible {
      var cents: Int
      var serverSentEvent: ServerSentEvent { ServerSentEvent(data: "\(cents)", type: "price") }
    }
    #expect(try encoded(Price(cents: 5).serverSentEvent) == "event: price\ndata: 5\n\n")
    #expect("text".serverSentEvent == ServerSentEvent(data: "text"))
  }
}
