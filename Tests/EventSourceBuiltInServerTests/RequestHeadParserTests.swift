import Testing

@testable import EventSourceBuiltInServer

struct RequestHeadParserTests {
  @Test func aRequestIsTakenApart() throws {
    let head = try parsedHead("GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\nX-One:  two \t\r\nEmpty:\r\n\r\nrest")
    #expect(head?.method == "GET")
    #expect(head?.target == "/a%20b?c=d")
    #expect(head?.fields.map(\.name) == ["Host", "X-One", "Empty"])
    #expect(head?.fields.map(\.value) == ["x", "two", ""])
    #expect(head?.framing == .length(0))
    #expect(head?.keepsAlive == true)
  }

  @Test func theFieldsThatFrameTheMessageAreNotTheApplications() throws {
    let head = try parsedHead(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nConnection: a, Close\r\nTrailer: t\r\nCookie: c\r\n\r\n"
    )
    #expect(head?.fields.map(\.name) == ["Host", "Cookie"])
    #expect(head?.framing == .length(12))
    #expect(head?.keepsAlive == false)
  }

  @Test func whatFollowsTheHeadIsLeft() throws {
    var parser = RequestHeadParser(limits: RequestLimits())
    let text = "GET / HTTP/1.1\r\nHost:\r\n\r\n"
    let (consumed, head) = try parser.parse(Array((text + "more").utf8).span)
    #expect(head != nil)
    #expect(consumed == text.utf8.count)
  }

  @Test func oneEmptyLineBeforeARequestIsForgiven() throws {
    #expect(try parsedHead("\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n") != nil)
    #expect(rejection("\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n".utf8) == 400)
  }

  @Test func anAbsoluteTargetIsReducedToItsPathAndItsAuthorityReplacesHost() throws {
    let head = try parsedHead("GET HTTP://example.com:80/a?b HTTP/1.1\r\nHost: other\r\n\r\n")
    #expect(head?.target == "/a?b")
    #expect(head?.fields.first?.value == "example.com:80")
    #expect(try parsedHead("GET http://example.com HTTP/1.1\r\nHost: other\r\n\r\n")?.target == "/")
    #expect(try parsedHead("GET https://example.com?q HTTP/1.1\r\nHost: other\r\n\r\n")?.target == "/?q")
  }

  @Test func anAsteriskIsForOptionsOnly() throws {
    #expect(try parsedHead("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")?.target == "*")
    #expect(rejection("GET * HTTP/1.1\r\nHost: x\r\n\r\n".utf8) == 400)
  }

  @Test func http10ClosesAndNeedsNoHost() throws {
    let head = try parsedHead("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(head?.keepsAlive == false)
  }

  @Test func alaterMinorVersionIsServedAs11() throws {
    #expect(try parsedHead("GET / HTTP/1.9\r\nHost: x\r\n\r\n")?.keepsAlive == true)
  }

  @Test func continueIsAwaitedOnlyBeforeABody() throws {
    let expects = "Expect: 100-Continue\r\n"
    let post = "POST / HTTP/1.1\r\nHost: x\r\n"
    #expect(try parsedHead(post + expects + "Content-Length: 1\r\n\r\n")?.expectsContinue == true)
    #expect(try parsedHead(post + expects + "\r\n")?.expectsContinue == false)
    #expect(try parsedHead("POST / HTTP/1.0\r\n" + expects + "Content-Length: 1\r\n\r\n")?.expectsContinue == false)
  }

  @Test func valuesAreUTF8AndWhatIsNotIsReplaced() throws {
    #expect(try parsedHead("GET / HTTP/1.1\r\nHost: x\r\nLast-Event-ID: ä€\r\n\r\n")?.fields.last?.value == "ä€")
    let bytes = Array("GET / HTTP/1.1\r\nHost: x\r\nA: ".utf8) + [0xFF] + Array("\r\n\r\n".utf8)
    var parser = RequestHeadParser(limits: RequestLimits())
    #expect(try parser.parse(bytes.span).head?.fields.last?.value == "\u{FFFD}")
  }

  @Test(arguments: refusedRequests)
  func whatTheGrammarDoesNotAllowIsRefused(_ request: RequestExample) {
    #expect(rejection(request.text.utf8) == request.status, "\(request.text.debugDescription)")
  }

  @Test func everyControlCharacterIsRefusedInAValueButTheTab() {
    for byte in UInt8(0)..<32 where byte != 9 && byte != 13 {
      let bytes = Array("GET / HTTP/1.1\r\nHost: x\r\nA: b".utf8) + [byte] + Array("c\r\n\r\n".utf8)
      #expect(rejection(bytes) == 400, "\(byte)")
    }
    #expect(rejection(Array("GET / HTTP/1.1\r\nHost: x\r\nA: b\u{7F}\r\n\r\n".utf8)) == 400)
  }

  @Test func everyByteThatIsNoTokenIsRefusedInAName() {
    let allowed = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:".utf8)
    for byte in UInt8.min...UInt8.max {
      let bytes = Array("GET / HTTP/1.1\r\nHost: x\r\na".utf8) + [byte] + Array("b: c\r\n\r\n".utf8)
      #expect((rejection(bytes) == nil) == allowed.contains(byte), "\(byte)")
    }
  }

  @Test func theLimitsAreExact() throws {
    let limits = RequestLimits(headBytes: 60, targetBytes: 10, fieldCount: 2, bodyBytes: 5)
    func status(_ text: String) -> Int? { rejection(text.utf8, limits: limits) }
    #expect(status("GET /23456789 HTTP/1.1\r\nHost: x\r\n\r\n") == nil)
    #expect(status("GET /2345678901 HTTP/1.1\r\nHost: x\r\n\r\n") == 414)
    let head = "GET / HTTP/1.1\r\nHost: x\r\nA: "
    let room = 60 - head.utf8.count - 4
    #expect(status(head + String(repeating: "a", count: room) + "\r\n\r\n") == nil)
    #expect(status(head + String(repeating: "a", count: room + 1) + "\r\n\r\n") == 431)
    #expect(status("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\n\r\n") == 431)
    #expect(status("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n") == 413)
    #expect(status("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345") == nil)
  }
}
