import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  static let removalChecks: [Check] = [
    Check("no ID is given again after a channel's events have been removed") { archive in
      var earlier: [ServerSentEvent] = []
      for round in 1...4 {
        let added = try await archive.append(numbers: 1...(5 * round))
        let ids = earlier + added
        try require(Set(ids.map(\.id)).count == ids.count, "an ID was given before and after the removal")
        earlier = ids
        guard try await archive.removeAll() else { return }
        try require(try await archive.contiguous(after: nil), equal: [], "what is held after the removal")
      }
    },
    Check("what has been removed is never silently skipped") { archive in
      let own = try (1...10).map { try ServerSentEvent(data: "own \($0)", id: EventID("own-\($0)")) }
      let earlier = try await archive.append(numbers: 1...10) + archive.append(own)
      guard try await archive.removeAll() else { return }
      for size in [0, 30] {
        let held = size == 0 ? [] : try await archive.append(numbers: 1...size)
        for (index, event) in earlier.enumerated() {
          let answer = try await archive.ask(after: event.id)
          // Of what came after the last event none is missing.
          let isRight =
            answer == .unknownID || answer == .gap(held) || index == earlier.count - 1 && answer == .contiguous(held)
          try require(isRight, "after the removed event \(index + 1) of \(earlier.count) there is \(brief(answer))")
        }
      }
    },
    Check("a history that is emptied between two batches never goes on in silence") { archive in
      let earlier = try await archive.append(numbers: 1...30)
      let first = try await archive.ask(after: earlier[4].id)
      guard case .contiguous(let batch) = first, let last = batch.last else {
        throw ContractViolation("after the fifth event there is \(brief(first))")
      }
      guard try await archive.removeAll() else { return }
      let later = try await archive.append(numbers: 31...35)
      let answer = try await archive.ask(after: last.id)
      // Behind the newest event of all nothing is missing.
      let isRight =
        answer == .unknownID || answer == .gap(later) || last == earlier.last && answer == .contiguous(later)
      try require(isRight, "after \(name(last.id)), which was removed, there is \(brief(answer))")
    },
    Check("removing one channel's events leaves the others alone") { archive in
      let other = try await archive.append(numbers: 1...5, to: "other")
      try await archive.append(numbers: 1...5)
      guard try await archive.removeAll() else { return }
      try require(try await archive.contiguous(after: nil, in: "other"), equal: other, "the other channel")
      let after = try await archive.contiguous(after: other[1].id, in: "other")
      try require(after, equal: Array(other[2...]), "the other channel after its second event")
    },
  ]
}
