import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  static let soundIDChecks: [Check] = [
    Check("IDs that differ only in Unicode normalization are different") { archive in
      // Composed and decomposed: é, Å (also as the sign for ångström), 각, and two marks in either order.
      let spellings = [
        ["\u{E9}", "e\u{301}"], ["\u{C5}", "A\u{30A}", "\u{212B}"], ["\u{AC01}", "\u{1100}\u{1161}\u{11A8}"],
        ["q\u{307}\u{323}", "q\u{323}\u{307}"],
      ]
      for (number, texts) in spellings.enumerated() {
        let channel = try ChannelName("spellings \(number)")
        let ids = try texts.map { try EventID("id-\($0)") }
        var added: [ServerSentEvent] = []
        for (index, id) in ids.enumerated() {
          let answer = try await archive.ask(after: id, in: channel)
          try require(answer == .unknownID, "only another normal form was added, but the answer is \(brief(answer))")
          added += try await archive.append([ServerSentEvent(data: "\(index)", id: id)], to: channel)
        }
        for (index, id) in ids.enumerated() {
          let found = try await archive.contiguous(after: id, in: channel)
          try require(found, equal: Array(added[(index + 1)...]), "after form \(index + 1) of \(name(id))")
        }
      }
    },
    Check("a repeated ID refers to its newest event, in whichever batch") { archive in
      var added: [ServerSentEvent] = []
      for round in 1...5 {
        added += try await archive.append([
          ServerSentEvent(data: "\(round) once", id: EventID("once-\(round)")),
          ServerSentEvent(data: "\(round) again", id: "again"), ServerSentEvent(data: "\(round) given"),
        ])
        added += try await archive.append([ServerSentEvent(data: "\(round) alone", id: "again")])
        try require(try await archive.contiguous(after: "again"), equal: [], "directly after the repetition")
        let given = added[added.count - 2]
        try require(try await archive.contiguous(after: given.id), equal: added.suffix(1), "after a generated ID")
      }
      try require(
        try await archive.contiguous(after: "once-1"), equal: Array(added[1...]), "after an ID that occurs once")
    },
    Check("a repeated ID is found after its first event has been evicted", holding: 20) { archive in
      try await archive.append([ServerSentEvent(data: "first", id: "again")])
      try await archive.append(numbers: 1...400)
      try await archive.append([ServerSentEvent(data: "second", id: "again")])
      let rest = try await archive.append([ServerSentEvent(data: "rest")])
      try require(try await archive.contiguous(after: "again"), equal: rest, "after the second of two")
    },
    Check("an ID of 1,024 bytes is stored and found") { archive in
      let ids = try ["a", "b"].map { try EventID(String(repeating: "é", count: 511) + "x" + $0) }
      let added = try await archive.append(ids.map { ServerSentEvent(data: "x", id: $0) })
      for (index, id) in ids.enumerated() {
        try require(try await archive.contiguous(after: id), equal: Array(added[(index + 1)...]), "after \(name(id))")
      }
    },
    Check("an ID that no reader can send back is rejected with its whole addition") { archive in
      guard archive.repository is any RecordingEventRepository else { return }
      let before = try await archive.append(numbers: 1...3)
      for text in ["", "*", "*a:1", " a", "a ", "\ta", "a\tb", "\u{1}", "a\u{7F}", String(repeating: "a", count: 1025)]
      {
        let id = try EventID(text)
        let events = [
          ServerSentEvent(data: "sound"), ServerSentEvent(data: "flawed", id: id), ServerSentEvent(data: "x"),
        ]
        do {
          try await archive.append(events)
        } catch is EventIDFlaw {
          try require(try await archive.contiguous(after: nil), equal: before, "after \(name(id)) was rejected")
          continue
        } catch {
          throw ContractViolation("\(name(id)) is rejected with \(error), not with an EventIDFlaw")
        }
        throw ContractViolation("\(name(id)) is recorded, but no reader can send it back")
      }
      let after = try await archive.append(numbers: 4...4)
      try require(try await archive.contiguous(after: before[2].id), equal: after, "the events added afterwards")
    },
  ]
}
