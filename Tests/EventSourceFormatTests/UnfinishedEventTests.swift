import EventSourceFormat
import Testing

/// Tests whether a stream that ends here ends in the middle of an event.
@Suite struct UnfinishedEventTests {
  @Test(
    arguments: [
      ("", false), ("data: x\n\n", false), ("data: x", true), ("data: x\n", true), ("id: 1\n", true),
      ("event: x\n", true), ("da", true), ("data: x\n\nid", true), (": comment", false), (": comment\n", false),
      ("retry: 1\n", false), ("data: x\n\n\n: y", false), ("data: x\r", true), ("data: x\r\r", false),
      ("event:\n", false), ("unknown\n", false), ("\u{FEFF}", false),
    ])
  func anEventIsUnfinishedFromItsFirstByteToItsBlankLine(stream: String, isInside: Bool) throws {
    for chunk in 1...8 {
      var parser = EventStreamParser()
      var rest = Array(stream.utf8)[...]
      while !rest.isEmpty {
        try parser.parse(Array(rest.prefix(chunk))) { _ in }
        rest = rest.dropFirst(chunk)
      }
      #expect(parser.isInsideEvent == isInside, "\(stream) in chunks of \(chunk)")
      parser.finish()
      #expect(!parser.isInsideEvent)
    }
  }
}
