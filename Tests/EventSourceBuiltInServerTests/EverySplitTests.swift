import Testing

@testable import EventSourceBuiltInServer

/// However a connection's bytes are cut, the same requests come out, or the same rejection.
struct EverySplitTests {
  @Test(arguments: acceptedRequests + refusedRequests)
  func everySplitGivesTheSame(_ request: RequestExample) {
    // What is long is long to reach a limit; the places where it could go wrong are at its ends.
    let bytes = Array(request.text.utf8)
    let whole = transcript([bytes])
    #expect(!whole.isEmpty)
    #expect(transcript(bytes.map { [$0] }) == whole)
    for first in bytes.indices where bytes.count < 1000 || first < 200 || first > bytes.count - 20 {
      #expect(transcript([Array(bytes[..<first]), Array(bytes[first...])]) == whole, "cut at \(first)")
      guard bytes.count < 120 else { continue }
      for second in first..<bytes.count {
        let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map { Array($0) }
        if transcript(pieces) != whole { Issue.record("cut at \(first) and \(second)") }
      }
    }
  }
}
