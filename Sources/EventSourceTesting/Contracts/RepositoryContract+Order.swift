import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  static let orderChecks: [Check] = [
    Check("events are returned in the order in which they were added") { archive in
      let added = try await archive.append(numbers: 1...100)
      try require(try await archive.contiguous(after: nil), equal: added, "from the earliest")
    },
    Check("a read after each event returns exactly the events that follow it") { archive in
      let added = try await archive.append(numbers: 1...60)
      for (index, event) in added.enumerated() {
        let expected = Array(added[(index + 1)...])
        try require(try await archive.contiguous(after: event.id), equal: expected, "after event \(index + 1)")
      }
    },
    Check("a read after the newest event returns nothing until one is added") { archive in
      let added = try await archive.append(numbers: 1...3)
      try require(try await archive.contiguous(after: added.last?.id), equal: [], "after the newest")
      let more = try await archive.append(numbers: 4...4)
      try require(try await archive.contiguous(after: added.last?.id), equal: more, "after another addition")
    },
    Check("batches of any size contain every event once") { archive in
      let added = try await archive.append(numbers: 1...200)
      for size in [1, 2, 3, 7, 64, 199, 200, 201] {
        try require(try await archive.walk(from: nil, events: size), equal: added, "batches of \(size)")
        let rest = Array(added[50...])
        try require(try await archive.walk(from: added[49].id, events: size), equal: rest, "from 50 by \(size)")
      }
    },
    Check("a batch is bounded by bytes of data and has at least one event") { archive in
      let sizes = [10, 10, 10, 5_000, 1, 100_000, 10, 2_000, 2_000, 2_000, 0, 0, 10]
      var added: [ServerSentEvent] = []
      for size in sizes {
        added += try await archive.append([ServerSentEvent(data: String(repeating: "x", count: size))])
      }
      for bytes in [1, 25, 4_000, 6_000] {
        try require(try await archive.walk(from: nil, events: 100, bytes: bytes), equal: added, "\(bytes) bytes")
        for (index, event) in added.enumerated().dropLast() {
          let batch = try await archive.contiguous(after: event.id, events: 100, bytes: bytes)
          try require(!batch.isEmpty, "a limit of \(bytes) bytes after event \(index + 1) returns nothing")
          // The limit is approximate: the last event may exceed it.
          let before = batch.dropLast().reduce(0) { $0 + $1.data.utf8.count }
          try require(before < bytes || before == 0, "a batch continues after \(before) bytes; the limit is \(bytes)")
        }
      }
    },
    Check("a batch of additions stays together and in order") { archive in
      let events = (1...500).map { ServerSentEvent(data: "\($0)", type: "number") }
      let added = try await archive.append(events)
      try require(try await archive.contiguous(after: nil), equal: added, "one batch of 500")
    },
    Check("channels are independent") { archive in
      let channels: [ChannelName] = ["a", "A", "a/b", "a b", "é", "e\u{301}", "%", "'; --"]
      var added: [[ServerSentEvent]] = Array(repeating: [], count: channels.count)
      for round in 1...5 {
        for (index, channel) in channels.enumerated() {
          added[index] += try await archive.append(numbers: round...round, to: channel)
        }
      }
      for (index, channel) in channels.enumerated() {
        let found = try await archive.contiguous(after: nil, in: channel)
        try require(found, equal: added[index], "the channel \"\(channel)\"")
        let after = try await archive.contiguous(after: added[index][2].id, in: channel)
        try require(after, equal: Array(added[index][3...]), "the channel \"\(channel)\" after its third")
      }
    },
    Check("a channel without events is empty, not an error") { archive in
      try require(try await archive.contiguous(after: nil, in: "empty"), equal: [], "an empty channel")
      let added = try await archive.append(numbers: 1...3)
      try require(try await archive.contiguous(after: nil, in: "empty"), equal: [], "an empty channel beside another")
      let answer = try await archive.ask(after: "never-made", in: "empty")
      try require(answer == .unknownID, "an ID in an empty channel must be unknown, not \(brief(answer))")
      try require(try await archive.contiguous(after: nil), equal: added, "the other channel")
    },
  ]
}
