import EventSourceFormat
import Testing

/// Tests line breaks, and bytes that could be mistaken for one, at every place of the blocks of bytes that are
/// searched.
@Suite struct LineBreakTests {
  @Test(arguments: ["\n", "\r", "\r\n"], [0, 1, 15, 16, 31, 32])
  func aLineEndsWhereverItsBreakIs(lineBreak: String, before: Int) throws {
    let comment = ":" + String(repeating: "c", count: before)
    for length in 0...100 {
      let value = String(repeating: "x", count: length)
      let lines = [comment, "data: \(value)", "", "data:\(value)", "data: \(value)", "", "event: x", "data", "", ""]
      try expectLikeReference(Array(lines.joined(separator: lineBreak).utf8))
    }
  }

  @Test func linesOfAllKindsAreFoundWhereverABlockEnds() throws {
    let text = "id: 1\r\nevent: update\rdata: some text\n\n: a comment\r\rdata:\ndata: two\r\nretry: 5\n\nid\ndata\n\n"
    for before in 0...64 {
      let comment = ":" + String(repeating: "c", count: before) + "\n"
      try expectLikeReference(Array((comment + text).utf8))
    }
  }

  @Test(arguments: [0, 1, 7, 8, 30, 31, 32, 33])
  func noOtherByteIsALineBreak(place: Int) throws {
    for byte in UInt8.min...UInt8.max {
      let value = [UInt8](repeating: UInt8(ascii: "x"), count: place) + [byte] + Array("data: and more of it\n\n".utf8)
      try expectLikeReference(Array("data: ".utf8) + value)
      try expectLikeReference(Array(":".utf8) + value)
    }
  }
}
