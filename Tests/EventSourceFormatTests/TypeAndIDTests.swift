import EventSourceFormat
import Testing

/// Tests types and IDs of all lengths against the reference. Those of up to 15 bytes have a separate path in the
/// parser.
@Suite struct TypeAndIDTests {
  @Test(arguments: ["id", "event"], ["\n", "\r", "\r\n"])
  func everyLengthArrivesWhole(field: String, lineEnd: String) throws {
    for length in 0...40 {
      let value = String("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP".prefix(length))
      let lines = [
        "\(field): \(value)", "data: first", "", "\(field):\(value)", "data: again", "", "data: without", "",
      ]
      try expectLikeReference(Array(lines.map { $0 + lineEnd }.joined().utf8))
    }
  }

  @Test func everyByteOfTwoValuesIsCompared() throws {
    for length in 1...33 {
      for position in 0..<length {
        let first = [UInt8](repeating: UInt8(ascii: "a"), count: length)
        var second = first
        second[position] = UInt8(ascii: "b")
        var input: [UInt8] = []
        for value in [first, second, first] {
          input += Array("event: ".utf8) + value + Array("\nid: ".utf8) + value + Array("\ndata\n\n".utf8)
        }
        try expectLikeReference(input)
      }
    }
  }

  /// A line is recognized as a repetition by its bytes, not if it only begins like the last one or if another one came
  /// between.
  @Test func aTypeThatIsRepeatedIsTheTypeThatIsMeant() throws {
    for length in 0...20 {
      let type = String("abcdefghijklmnopqrst".prefix(length))
      for other in ["", "x", "\(type)x", String(type.dropLast()), "something that is longer than two words"] {
        let types = [type, type, other, type, other, other, type, type]
        for (space, field) in [(" ", "event"), ("", "event"), (" ", "events")] {
          let blocks = types.map { "\(field):\(space)\($0)\ndata: a line\n\n" } + ["data: without\n\n", "id: an\n\n"]
          try expectLikeReference(Array(blocks.joined().utf8))
        }
      }
    }
  }

  @Test(arguments: [[0x00], [0xFF], [0xC3], [0xC3, 0xA9], [0xE2, 0x82], [0xEF, 0xBB, 0xBF]] as [[UInt8]])
  func oddBytesAreTreatedAlikeAtEveryPlace(odd: [UInt8]) throws {
    for length in 0...20 {
      for position in 0...length {
        var value = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        value.insert(contentsOf: odd, at: position)
        let input = Array("id: old\nevent: ".utf8) + value + Array("\nid: ".utf8) + value + Array("\ndata: y\n\n".utf8)
        try expectLikeReference(input)
      }
    }
  }

  @Test func aShortLineHasItsLimit() throws {
    for field in ["id: ", "event: "] {
      for (length, isTaken) in [(10, true), (11, false)] {
        var parser = EventStreamParser(limits: .init(maximumLineBytes: 10))
        let line = Array(
          (":\n" + field + String(repeating: "x", count: length - field.utf8.count) + "\n\n\n\n\n\n\n").utf8)
        if isTaken {
          try parser.parse(line) { _ in }
        } else {
          #expect(throws: EventStreamParserError.lineTooLong(bytes: 11, limit: 10)) { try parser.parse(line) { _ in } }
        }
      }
    }
  }

  @Test func anIDIsCommittedOnlyByABlankLine() throws {
    var parser = EventStreamParser(lastEventID: "0")
    for (line, lastEventID) in [
      ("id: 1\n", "0"), ("id: a much longer identifier\n", "0"), ("id: 2\n", "0"), ("\n", "2"), ("id: 2\n", "2"),
      ("id\n", "2"), ("data\n", "2"), ("\n", ""), ("id: a much longer identifier\n", ""),
      ("\n", "a much longer identifier"),
    ] {
      // The unknown field makes the preceding line one whose end is found immediately.
      try parser.parse(Array((line + "unknown: 890123456789\n").utf8)) { _ in }
      #expect(parser.lastEventID == lastEventID)
    }
    try parser.parse(Array("id: 9\nid: 10\nan unknown field".utf8)) { _ in }
    parser.finish()
    #expect(parser.lastEventID == "a much longer identifier")
  }
}
