import Testing

@testable import EventSourceClient

/// Tests of heads in the form in which libcurl delivers them, line by line (RFC 9112, 2 to 7).
@Suite struct CurlHeadTests {
  /// Adds lines, and returns the number of the one that completed the head, from 1.
  private func take(_ lines: [String], into head: inout CurlHead) -> Int? {
    var completed: Int?
    for (index, line) in lines.enumerated() where head.take(line) == true {
      #expect(completed == nil)
      completed = index + 1
    }
    return completed
  }

  @Test func fieldsComeInOrderWithoutTheSpaceAroundTheirValues() {
    var head = CurlHead()
    let lines = ["HTTP/1.1 200 OK\r\n", "A: 1\r\n", "b:\t 2 \t\r\n", "A:\r\n", "no field\r\n", "\r\n"]
    #expect(take(lines, into: &head) == 6)
    #expect(head.status == 200)
    #expect(head.fields == [HeaderField("A", "1"), HeaderField("b", "2"), HeaderField("A", "")])
  }

  @Test func headsBeforeTheFinalOneAndTrailersDoNotCount() {
    var head = CurlHead()
    let before = ["HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n"]
    #expect(take(before + ["HTTP/2 200\r\n", "A: 1\r\n", "\r\n", "T: 2\r\n", "\r\n"], into: &head) == 6)
    #expect(head.status == 200 && head.fields == [HeaderField("A", "1")])
  }

  @Test func aFoldedLineBelongsToTheFieldBeforeIt() {
    var head = CurlHead()
    #expect(take([" lost\n", "HTTP/1.1 200 OK\n", "A: 1\n", "\t 2\n", " 3\n", "\n"], into: &head) == 6)
    #expect(head.fields == [HeaderField("A", "1 2 3")])
  }

  @Test func aHeadIsBounded() {
    var head = CurlHead()
    #expect(head.take("HTTP/1.1 200 OK\r\n") == false)
    var count = 0
    while head.take("X: \(String(repeating: "x", count: 1000))\r\n") != nil { count += 1 }
    #expect((200...260).contains(count))
    #expect(head.take("\r\n") == nil)
  }
}
