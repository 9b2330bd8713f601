import EventSourceFormat
import Testing

/// Tests random input against the reference, and random events through the encoder and the parser.
@Suite struct EveryChunkingTests {
  private static let pieces: [[UInt8]] =
    [
      "data", "event", "id", "retry", ":", ": ", " ", "\n", "\n", "\r", "\r\n", "\n\n", "x", "1", "23", "\0", "ü",
      "€", "😀", "data: ", "data:", "\ndata: a line of data", "\nid: 7", "\nevent: update", "\nid: ", "\nevent: ",
      "12345678", "a longer piece of text",
    ]
    .map { Array($0.utf8) } + [
      [0xEF, 0xBB, 0xBF], [0xEF], [0xBB], [0xC3], [0xE2, 0x82], [0xF0, 0x9F], [0xFF], [0x80],
    ]

  @Test(arguments: 0..<8)
  func theParserAgreesWithTheReference(part: Int) throws {
    for seed in 0..<4000 {
      var random = SeededRandom(seed: UInt64(seed * 8 + part))
      let input = (0..<Int.random(in: 0...60, using: &random)).flatMap { _ in Self.pieces.randomElement(using: &random)!
      }
      let lastEventID = Bool.random(using: &random) ? "" : "before"
      let reference = ReferenceParser(input, lastEventID: lastEventID)
      var parser = EventStreamParser(lastEventID: lastEventID, reportsComments: true)
      var elements: [EventStreamParser.Element] = []
      var rest = input[...]
      while !rest.isEmpty {
        let chunk = rest.prefix(Int.random(in: 0...[1, 3, 20, 1000].randomElement(using: &random)!, using: &random))
        try parser.parse(Array(chunk)) { elements.append($0) }
        rest = rest.dropFirst(chunk.count)
      }
      parser.finish()
      let isSame =
        bytes(of: elements) == bytes(of: reference.elements)
        && Array(parser.lastEventID.utf8) == Array(reference.lastEventID.utf8)
      guard isSame else {
        Issue.record("seed \(seed * 8 + part): \(input) gives \(elements), the reference \(reference.elements)")
        return
      }
    }
  }

  @Test func whatIsEncodedIsWhatIsParsed() throws {
    for seed in 0..<4000 {
      var random = SeededRandom(seed: UInt64(seed))
      func text(_ characters: [String]) -> String {
        (0..<Int.random(in: 0...12, using: &random)).map { _ in characters.randomElement(using: &random)! }.joined()
      }
      let line = ["a", "b", " ", ":", "ü", "\u{FEFF}", "😀", "data", "\u{2028}"]
      let type = text(line + ["\0"])
      let event = ServerSentEvent(
        data: text(line + ["\n", "\r", "\r\n", "\0"]), type: type.isEmpty ? nil : try EventType(type),
        id: try EventID(text(line)), reconnectionTime: .milliseconds(Int.random(in: 0...100_000, using: &random))
      )
      var encoded: [UInt8] = []
      try EventStreamEncoder.encode(comment: text(line), into: &encoded)
      try EventStreamEncoder.encode(event, into: &encoded)
      var parser = EventStreamParser()
      var elements: [EventStreamParser.Element] = []
      try parser.parse(encoded) { elements.append($0) }
      let data = Self.withLF(event.data)
      let expected: [EventStreamParser.Element] = [
        .reconnectionTime(event.reconnectionTime!),
        .event(ReceivedEvent(type: type.isEmpty ? "message" : type, data: data, lastEventID: event.id!.rawValue)),
      ]
      guard bytes(of: elements) == bytes(of: expected) else {
        Issue.record("seed \(seed): \(event) comes back as \(elements)")
        return
      }
    }
  }

  /// Replaces CR LF and CR by LF. Works on bytes, because a CR LF is one character.
  private static func withLF(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if byte == 10, bytes.last == 13 { bytes.removeLast() }
      bytes.append(byte)
    }
    return String(decoding: bytes.map { $0 == 13 ? 10 : $0 }, as: UTF8.self)
  }
}

/// A random number generator that is repeatable from its seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
