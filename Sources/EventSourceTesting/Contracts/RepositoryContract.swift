public import EventSourceFormat
public import EventSourceServer

/// What a person makes their repository with, for ``RepositoryContract`` to check it.
///
/// The contract never calls two of these at a time, except `append` beside reads and `append` to different channels.
public protocol RepositoryHarness: Sendable {
  /// Makes an empty repository.
  ///
  /// - Parameter limit: nil: it keeps everything that a check adds, at most 5,000 small events. Otherwise it gives up
  ///   the oldest events of a channel when it has clearly more than this many, by the time that twenty times as many
  ///   were added; a harness whose repository never gives up anything answers nil to that.
  func makeRepository(holding limit: Int?) async throws -> (any EventRepository)?

  /// Adds events at a channel's end, in this order, as publishing would, and answers their IDs.
  func append(
    _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
  ) async throws -> [EventID]

  /// The check is over, and uses the repository no more.
  func close(_ repository: any EventRepository) async
}

/// A harness for a repository that records: what it takes to make one is all that is needed.
public struct RecordingRepositoryHarness<Repository: RecordingEventRepository>: RepositoryHarness {
  private let make: @Sendable (Int?) async throws -> Repository?
  private let end: @Sendable (Repository) async -> Void

  /// A harness.
  ///
  /// - Parameters:
  ///   - close: Gives back what a repository holds.
  ///   - make: Makes an empty repository that keeps about so many events per channel, as
  ///     ``RepositoryHarness/makeRepository(holding:)`` has it.
  public init(
    close: @escaping @Sendable (Repository) async -> Void = { _ in },
    make: @escaping @Sendable (_ limit: Int?) async throws -> Repository?
  ) {
    self.make = make
    end = close
  }

  /// Makes an empty repository.
  public func makeRepository(holding limit: Int?) async throws -> (any EventRepository)? { try await make(limit) }

  /// Adds events by the repository's own `append`.
  public func append(
    _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
  ) async throws -> [EventID] {
    guard let repository = repository as? Repository else { preconditionFailure("another harness made this") }
    return try await repository.append(events, to: channel)
  }

  /// Closes the repository.
  public func close(_ repository: any EventRepository) async {
    if let repository = repository as? Repository { await end(repository) }
  }
}

/// What every ``EventRepository`` promises: each check fills a new repository and asks for what it holds.
///
/// Run each of ``checks`` as a test case of your own; a check that does not hold throws a ``ContractViolation``.
public struct RepositoryContract: Sendable {
  /// One promise.
  public struct Check: Sendable, CustomStringConvertible {
    /// The promise in words.
    public let description: String
    private let limit: Int?
    private let body: @Sendable (Archive) async throws -> Void

    init(_ description: String, holding limit: Int? = nil, _ body: @escaping @Sendable (Archive) async throws -> Void) {
      self.description = description
      self.limit = limit
      self.body = body
    }

    /// Runs the check over a repository, in a second or so. A promise about giving up events holds for a repository
    /// that never does.
    public func run(over harness: some RepositoryHarness) async throws {
      guard let repository = try await harness.makeRepository(holding: limit) else {
        return try require(limit != nil, "the harness makes no repository that keeps everything")
      }
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(Archive(repository: repository, harness: harness)))
      } catch {
        result = .failure(error)
      }
      await harness.close(repository)
      try result.get()
    }
  }

  /// All promises.
  public static let checks: [Check] = orderChecks + identityChecks + contentChecks + concurrencyChecks + retentionChecks
}

/// A repository under test.
struct Archive: Sendable {
  let repository: any EventRepository
  let harness: any RepositoryHarness

  /// Adds events, which have to be given one ID each, and answers them with their IDs.
  @discardableResult
  func append(_ events: [ServerSentEvent], to channel: ChannelName = "a") async throws -> [ServerSentEvent] {
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

  func ask(
    after id: EventID?, in channel: ChannelName = "a", events: Int = 10_000, bytes: Int = 64 << 20
  ) async throws -> ReplayAnswer {
    try await repository.events(
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

/// Throws a violation unless these are the events, in this order.
func require(_ found: [ServerSentEvent], equal expected: [ServerSentEvent], _ what: String) throws {
  guard found != expected else { return }
  let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
  let at = place ?? min(found.count, expected.count)
  throw ContractViolation(
    "\(what): \(found.count) events, expected \(expected.count); the first that differs is number \(at): "
      + "\(found.dropFirst(at).first.map(brief) ?? "none"), "
      + "expected \(expected.dropFirst(at).first.map(brief) ?? "none")"
  )
}

func name(_ id: EventID?) -> String { id.map { "the ID \"\($0.rawValue.prefix(80))\"" } ?? "no ID" }

func brief(_ event: ServerSentEvent) -> String {
  "\(name(event.id)) \"\(event.data.prefix(80))\" of type \(event.type?.rawValue ?? "none")"
}

func brief(_ answer: ReplayAnswer) -> String {
  switch answer {
  case .contiguous(let events): "\(events.count) events"
  case .gap(let events): "a gap before \(events.count) events"
  case .unknownID: "an unknown ID"
  }
}
