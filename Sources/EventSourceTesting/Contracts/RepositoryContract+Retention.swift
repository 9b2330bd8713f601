import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  private static let limit = 20

  static let retentionChecks: [Check] = [
    Check("what has been given up is said to be a gap, with the earliest held", holding: limit) { archive in
      let added = try await archive.append(numbers: 1...(20 * limit))
      let held = try await archive.contiguous(after: nil)
      try require(held.count < added.count, "nothing has been given up")
      try require(held.count >= limit, "only \(held.count) events are held of \(limit) that may be")
      try require(held, equal: added.suffix(held.count), "what is held is the newest")
      let gone = added.count - held.count
      for (index, event) in added.enumerated() {
        let expected = Array(added[max(index + 1, gone)...])
        let answer = try await archive.ask(after: event.id)
        // Before the first one held nothing is missing, whether or not it is still known.
        let isRight =
          index >= gone
          ? answer == .contiguous(expected)
          : answer == .gap(held) || (index == gone - 1 && answer == .contiguous(held))
        try require(isRight, "after event \(index + 1), of which \(gone) are gone, there is \(brief(answer))")
      }
      let unknown = try await archive.ask(after: "never-made")
      try require(unknown == .unknownID, "an ID that was never here is answered \(brief(unknown))")
    },
    Check("a gap is answered in bounded batches", holding: limit) { archive in
      let added = try await archive.append(numbers: 1...(20 * limit))
      let held = try await archive.contiguous(after: nil)
      let answer = try await archive.ask(after: added[0].id, events: 3)
      try require(answer == .gap(Array(held.prefix(3))), "three events after a gap are not \(brief(answer))")
      let byBytes = try await archive.ask(after: added[0].id, bytes: 1)
      try require(byBytes == .gap(Array(held.prefix(1))), "one byte of events after a gap is not \(brief(byBytes))")
      let rest = try await archive.walk(from: held[2].id, events: 3)
      try require(rest, equal: Array(held[3...]), "after the gap")
    },
    Check("an ID of an event's own that has been given up is never contiguous", holding: limit) { archive in
      let own: [ServerSentEvent] = (1...(20 * limit)).map {
        ServerSentEvent(data: "\($0)", id: try? EventID("own-\($0)"))
      }
      for event in own { try await archive.append([event]) }
      let answer = try await archive.ask(after: "own-1", events: 5)
      if case .contiguous = answer {
        throw ContractViolation(
          "after an ID that has been given up there is \(brief(answer)), as if nothing were missing")
      }
    },
    Check("no ID is given again after its event has been given up", holding: limit) { archive in
      let ids = try await archive.append(numbers: 1...(20 * limit)).compactMap(\.id)
      try require(Set(ids).count == ids.count, "an ID was given twice")
    },
    Check("giving up in one channel leaves the others alone", holding: limit) { archive in
      let quiet = try await archive.append(numbers: 1...5, to: "quiet")
      try await archive.append(numbers: 1...(20 * limit))
      try require(try await archive.contiguous(after: nil, in: "quiet"), equal: quiet, "the quiet channel")
      try require(
        try await archive.contiguous(after: quiet[1].id, in: "quiet"), equal: Array(quiet[2...]), "after its second")
    },
  ]
}
