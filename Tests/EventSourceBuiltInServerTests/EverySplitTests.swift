import Testing

@testable import EventSourceBuiltInServer

/// Tests that a connection's bytes give the same requests or the same rejection, however they are split.
struct EverySplitTests {
  @Test(arguments: acceptedRequests + refusedRequests)
  func everySplitGivesTheSame(_ request: RequestExample) {
    // Long requests are only meant to reach a limit, so errors can occur only near their ends.
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
