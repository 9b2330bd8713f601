import EventSourceFormat
import EventSourceServer

/// A repository under test.
struct Archive: Sendable {
  let repository: any EventRepository
  let harness: any RepositoryHarness
  let progress: CallProgress

  /// Adds events, which have to be given one ID each, and answers them with their IDs.
  @discardableResult
  func append(_ events: [ServerSentEvent], to channel: ChannelName = "a") async throws -> [ServerSentEvent] {
    progress.note()
    defer { progress.note() }
    let ids = try await harness.append(events, to: channel, in: repository)
    try require(ids.count == events.count, "\(events.count) events were added and \(ids.count) IDs answered")
    return zip(events, ids).map { event, id in
      var event = event
      event.id = id
      return event
    }
  }

  /// Adds so many events, in batches of several sizes.
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

  /// Removes a channel's events; false: the repository cannot.
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

  /// The events after one, of which none may be missing.
  func contiguous(
    after id: EventID?, in channel: ChannelName = "a", events: Int = 10_000, bytes: Int = 64 << 20
  ) async throws -> [ServerSentEvent] {
    let answer = try await ask(after: id, in: channel, events: events, bytes: bytes)
    guard case .contiguous(let found) = answer else {
      throw ContractViolation("after \(name(id)) there is \(brief(answer)), not what follows it")
    }
    try require(found.allSatisfy { $0.id != nil }, "every event answered has an ID")
    return found
  }

  /// Everything that a channel holds after an event, in batches, as the handler asks for it.
  func walk(
    from id: EventID?, in channel: ChannelName = "a", events: Int, bytes: Int = 64 << 20
  ) async throws -> [ServerSentEvent] {
    var found: [ServerSentEvent] = []
    var last = id
    while true {
      let batch = try await contiguous(after: last, in: channel, events: events, bytes: bytes)
      try require(batch.count <= events, "\(batch.count) events come where \(events) were allowed")
      guard let id = batch.last?.id else { return found }
      try require(found.count <= 20_000, "the batches do not come to an end")
      found += batch
      last = id
    }
  }
}
