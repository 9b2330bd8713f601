import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  private static let limit = 20

  static let retentionChecks: [Check] = [
    Check("a read after an evicted event reports a gap and the earliest stored events", holding: limit) { archive in
      let added = try await archive.append(numbers: 1...(20 * limit))
      let held = try await archive.contiguous(after: nil)
      try require(held.count < added.count, "no event was evicted")
      try require(held.count >= limit, "only \(held.count) events are stored; the limit is \(limit)")
      try require(held, equal: added.suffix(held.count), "the stored events must be the newest")
      let gone = added.count - held.count
      for (index, event) in added.enumerated() {
        let expected = Array(added[max(index + 1, gone)...])
        let answer = try await archive.ask(after: event.id)
        // Before the first stored event, nothing is missing, whether or not that ID is still known.
        let isRight =
          index >= gone
          ? answer == .contiguous(expected)
          : answer == .gap(held) || (index == gone - 1 && answer == .contiguous(held))
        try require(isRight, "after event \(index + 1) with \(gone) evicted, the answer is \(brief(answer))")
      }
      let unknown = try await archive.ask(after: "never-made")
      try require(unknown == .unknownID, "the answer for an ID that was never added is \(brief(unknown))")
    },
    Check("a gap is returned in bounded batches", holding: limit) { archive in
      let added = try await archive.append(numbers: 1...(20 * limit))
      let held = try await archive.contiguous(after: nil)
      let answer = try await archive.ask(after: added[0].id, events: 3)
      try require(answer == .gap(Array(held.prefix(3))), "expected three events after a gap, not \(brief(answer))")
      let byBytes = try await archive.ask(after: added[0].id, bytes: 1)
      try require(byBytes == .gap(Array(held.prefix(1))), "expected one event after a gap, not \(brief(byBytes))")
      let rest = try await archive.walk(from: held[2].id, events: 3)
      try require(rest, equal: Array(held[3...]), "after the gap")
    },
    Check("a read after an evicted event with its own ID is never contiguous", holding: limit) { archive in
      let own: [ServerSentEvent] = (1...(20 * limit)).map {
        ServerSentEvent(data: "\($0)", id: try? EventID("own-\($0)"))
      }
      for event in own { try await archive.append([event]) }
      let answer = try await archive.ask(after: "own-1", events: 5)
      if case .contiguous = answer {
        throw ContractViolation(
          "after an evicted ID, the answer is \(brief(answer)), as if no event were missing")
      }
    },
    Check("no ID is reused after its event has been evicted", holding: limit) { archive in
      let ids = try await archive.append(numbers: 1...(20 * limit)).compactMap(\.id)
      try require(Set(ids).count == ids.count, "an ID was generated twice")
    },
    Check("evictions in one channel do not affect other channels", holding: limit) { archive in
      let quiet = try await archive.append(numbers: 1...5, to: "quiet")
      try await archive.append(numbers: 1...(20 * limit))
      try require(try await archive.contiguous(after: nil, in: "quiet"), equal: quiet, "the quiet channel")
      try require(
        try await archive.contiguous(after: quiet[1].id, in: "quiet"), equal: Array(quiet[2...]), "after its second")
    },
  ]
}
