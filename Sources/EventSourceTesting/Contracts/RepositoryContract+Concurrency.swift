import EventSourceFormat
import EventSourceServer
import Synchronization

extension RepositoryContract {
  static let concurrencyChecks: [Check] = [
    Check("readers at any position see every event once while events are added") { archive in
      let total = 600
      let first = try await archive.append(numbers: 1...1)
      let isComplete = Flag()
      try await withThrowingTaskGroup(of: [ServerSentEvent]?.self) { group in
        group.addTask {
          defer { isComplete.set() }
          try await archive.append(numbers: 2...total)
          return nil
        }
        for reader in 1...6 {
          group.addTask {
            var found = first
            while found.count <= total {
              let wasComplete = isComplete.isSet
              let batch = try await archive.contiguous(after: found.last?.id, events: reader * 5)
              if batch.isEmpty, wasComplete { break }
              found += batch
              await Task.yield()
            }
            return found
          }
        }
        let walks = try await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
        let held = try await archive.contiguous(after: nil)
        try require(held.map(\.data) == (1...total).map { "a \($0)" }, "the stored events differ from the added ones")
        for walk in walks { try require(walk, equal: held, "a read during additions") }
      }
    },
    Check("channels are written concurrently") { archive in
      let channels = try (1...20).map { try ChannelName("channel \($0)") }
      try await withThrowingTaskGroup(of: (ChannelName, [ServerSentEvent]).self) { group in
        for channel in channels {
          group.addTask { (channel, try await archive.append(numbers: 1...100, to: channel)) }
        }
        for try await (channel, added) in group {
          try require(try await archive.contiguous(after: nil, in: channel), equal: added, "\"\(channel)\"")
        }
      }
    },
    Check("a cancelled read ends, and the next read succeeds") { archive in
      let added = try await archive.append(numbers: 1...5)
      for event in added {
        let question = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          return try await archive.ask(after: event.id)
        }
        _ = await question.result
      }
      try require(try await archive.contiguous(after: added[0].id), equal: Array(added[1...]), "the next read")
    },
    Check("cancelled reads and additions leave the history intact") { archive in
      var batches: [[ServerSentEvent]] = []
      let before = try await archive.append(numbers: 1...50)
      for round in 1...40 {
        let questions = (1...5).map { number in
          Task { try await archive.ask(after: before[number].id, events: 10) }
        }
        let batch = (1...3).map { ServerSentEvent(data: "round \(round) part \($0)") }
        let addition = Task { try await archive.append(batch) }
        if round % 2 == 0 { await Task.yield() }
        for task in questions { task.cancel() }
        addition.cancel()
        if case .success(let added) = await addition.result { batches.append(added) }
        for task in questions { _ = await task.result }
      }
      let after = try await archive.append(numbers: 51...60)
      let held = try await archive.contiguous(after: nil)
      try require(Array(held.prefix(50)), equal: before, "the events added before")
      try require(Array(held.suffix(10)), equal: after, "the events added later")
      let between = held[50..<(held.count - 10)]
      try require(between.count % 3 == 0, "a batch was added partially")
      // Acknowledged batches are stored. Cancelled batches are stored completely or not at all.
      for batch in batches {
        try require(batch.allSatisfy { between.contains($0) }, "an acknowledged batch is missing")
      }
      for start in stride(from: between.startIndex, to: between.endIndex, by: 3) {
        let parts = between[start..<(start + 3)].map { $0.data.split(separator: " ") }
        let isWhole = parts.map(\.last) == ["1", "2", "3"] && Set(parts.map { $0[1] }).count == 1
        try require(isWhole, "a batch was added partially or twice")
      }
      let walked = try await archive.walk(from: nil, events: 7)
      try require(walked, equal: held, "everything, in batches")
    },
  ]
}

/// A flag that one task sets and another waits for.
private final class Flag: Sendable {
  private let value = Mutex(false)

  var isSet: Bool { value.withLock { $0 } }

  func set() { value.withLock { $0 = true } }
}
