import EventSourceFormat

/// IDs that an application assigns to its events, as drawn by a schedule.
struct OwnIDs {
  let seed: UInt64

  /// Returns an ID that readers can send back.
  func usable(_ kind: OwnIDKind, token: Int, _ random: inout SeededRandom) -> String {
    switch kind {
    case .repeated: "doc-\(Int.random(in: 0..<4, using: &random))"
    // Two spellings of one letter are two IDs. The others contain the syntax of composite IDs, or bytes that must be
    // encoded.
    case .odd: random.one(of: ["\u{E9}", "e\u{301}", "a:b,c", "%41", "~x", "\"\\", "日本"]) + "\(token)"
    case .long: "n\(seed)-\(token)-" + String(repeating: "i", count: random.one(of: [200, 900]))
    default: "n\(seed)-\(token)"
    }
  }

  /// Returns an ID that no reader can send back.
  func unusable(_ kind: OwnIDKind, _ random: inout SeededRandom) -> String {
    switch kind {
    case .control: "a\(random.one(of: ["\u{1}", "\u{7F}", "\t", "\u{C}"]))b"
    case .outerSpace: random.one(of: [" a", "a ", "\ta"])
    case .composite: random.one(of: ["*", "*a:1", "*x"])
    default: String(repeating: "i", count: random.one(of: [1025, 5000]))
    }
  }
}
