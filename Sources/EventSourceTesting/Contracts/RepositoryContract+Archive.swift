import EventSourceFormat
import EventSourceServer

/// A repository under test.
struct Archive: Sendable {
  let repository: any EventRepository
  let harness: any RepositoryHarness
  let progress: CallProgress

  /// Adds events, each of which must get one ID, and returns them with their IDs.
  @discardableResult
  func append(_ events: [ServerSentEvent], to channel: ChannelName = "a") async throws -> [ServerSentEvent] {
    progress.note()
    defer { progress.note() }
    let ids = try await harness.append(events, to: channel, in: repository)
    try require(ids.count == events.count, "\(ids.count) IDs were returned for \(events.count) events")
    return zip(events, ids).map { event, id in
      var event = event
      event.id = id
      return event
    }
  }

  /// Adds `count` events, in batches of several sizes.
  @discardableResult
  func append(numbers: ClosedRange<Int>, to channel: ChannelName = "a") async throws -> [ServerSentEvent] {
    var added: [ServerSentEvent] = []
    var rest = numbers.map { ServerSentEvent(data: "\(channel) \($0)") }[...]
    var size = 1
    while !rest.isEmpty {
      added += try await append(Array(rest.prefix(size)), to: channel)
      rest = rest.dropFirst(size)
      size = size % 7 + 1
    }
    return added
  }

  /// Removes a channel's events. Returns `false` if the repository cannot do that.
  func removeAll(in channel: ChannelName = "a") async throws -> Bool {
    progress.note()
    defer { progress.note() }
    return try await harness.removeAll(in: channel, from: repository)
  }

  func ask(
    after id: EventID?, in channel: ChannelName = "a", events: Int = 10_000, bytes: Int = 64 << 20
  ) async throws -> ReplayResult {
    progress.note()
    defer { progress.note() }
    return try await repository.events(
      for: ReplayRequest(channel: channel, lastEventID: id, maximumEvents: events, maximumBytes: bytes))
  }

  /// Returns the events after another. None may be missing.
  func contiguous(
    after id: EventID?, in channel: ChannelName = "a", events: Int = 10_000, bytes: Int = 64 << 20
  ) async throws -> [ServerSentEvent] {
    let answer = try await ask(after: id, in: channel, events: events, bytes: bytes)
    guard case .contiguous(let found) = answer else {
      throw ContractViolation("after \(name(id)), the answer is \(brief(answer)), not the events that follow")
    }
    try require(found.allSatisfy { $0.id != nil }, "every returned event has an ID")
    return found
  }

  /// Returns everything that a channel has after an event, in batches, as the handler requests it.
  func walk(
    from id: EventID?, in channel: ChannelName = "a", events: Int, bytes: Int = 64 << 20
  ) async throws -> [ServerSentEvent] {
    var found: [ServerSentEvent] = []
    var last = id
    while true {
      let batch = try await contiguous(after: last, in: channel, events: events, bytes: bytes)
      try require(batch.count <= events, "a batch has \(batch.count) events; the limit is \(events)")
      guard let id = batch.last?.id else { return found }
      try require(found.count <= 20_000, "the batches do not end")
      found += batch
      last = id
    }
  }
}
