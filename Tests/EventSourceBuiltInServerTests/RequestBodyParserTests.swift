import Testing

@testable import EventSourceBuiltInServer

struct RequestBodyParserTests {
  private func parse(_ text: String, _ framing: RequestHead.Framing) throws -> (body: String, left: Int, whole: Bool) {
    var parser = RequestBodyParser(framing, limits: RequestLimits(bodyBytes: 10))
    let bytes = Array(text.utf8)
    let consumed = try parser.parse(bytes.span)
    return (String(decoding: parser.bytes, as: UTF8.self), bytes.count - consumed, parser.isComplete)
  }

  @Test func aBodyOfKnownLengthEndsThere() throws {
    #expect(try parse("helloGET", .length(5)) == ("hello", 3, true))
    #expect(try parse("hel", .length(5)) == ("hel", 0, false))
  }

  @Test func chunksAreJoinedAndExtensionsAndTrailersIgnored() throws {
    #expect(try parse("3;a=\"b\"\r\nabc\r\n02\r\nde\r\n0\r\nT: v\r\n\r\nGET", .chunked) == ("abcde", 3, true))
    #expect(try parse("0\r\n\r\n", .chunked) == ("", 0, true))
    #expect(try parse("5\r\nab", .chunked) == ("ab", 0, false))
  }

  @Test(arguments: [RequestHead.Framing.length(5), .chunked])
  func aBodyThatNobodyReadsIsCountedAndDropped(_ framing: RequestHead.Framing) throws {
    var parser = RequestBodyParser(framing, limits: RequestLimits(bodyBytes: 10), isKept: false)
    let text = framing == .chunked ? "5\r\nhello\r\n0\r\n\r\nGET" : "helloGET"
    #expect(try parser.parse(Array(text.utf8).span) == text.utf8.count - 3)
    #expect(parser.isComplete && parser.bytes.isEmpty)
    var large = RequestBodyParser(.chunked, limits: RequestLimits(bodyBytes: 10), isKept: false)
    #expect(throws: RequestRejection.self) { try large.parse(Array("5\r\n12345\r\n6\r\n".utf8).span) }
  }

  @Test func theLimitHoldsForTheSumOfTheChunks() throws {
    #expect(try parse("5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n", .chunked).body == "1234567890")
    #expect(throws: RequestRejection(status: 413, "the body is larger than 10 bytes")) {
      try parse("5\r\n12345\r\n6\r\n", .chunked)
    }
  }
}
