import Synchronization

public import EventSourceFormat

/// A bounded history in memory for any number of channels. Publishing records events in it.
///
/// A channel's log retains the recent past without a repository. Register this one to keep more than the log does, or
/// to keep a history while hubs are replaced. Safe to use from any thread.
///
/// A generated ID consists of the incarnation of the channel's history, which never recurs, and the event's number,
/// such as `1h2k7w3e9q0zp-1-17`. ``removeAll(in:)`` begins a new incarnation, so no ID is generated twice and earlier
/// IDs are unknown. IDs are compared by their bytes.
public final class InMemoryEventRepository: NewestEventReporting {
  private struct State {
    var histories: [ChannelName: History] = [:]
    /// The number of incarnations so far, over all channels.
    var incarnations: UInt64 = 0
    /// Channels whose history was removed. `nil` after too many removals to remember: any channel may then be one of
    /// them.
    var removed: Set<ChannelName>? = []
  }

  /// The maximum number of removed histories whose channels are remembered.
  private static let rememberedRemovals = 10_000

  private let maximumEvents: Int
  private let maximumBytes: Int
  /// The prefix of all IDs, so that those of two repositories differ.
  private let epoch = String(UInt64.random(in: 0 ... .max), radix: 36)
  private let state = Mutex(State())

  /// Creates an empty history.
  ///
  /// - Parameters:
  ///   - maximumEvents: The maximum number of events per channel. Values below 1 count as 1.
  ///   - maximumBytes: The maximum bytes of data, IDs and types per channel. The newest event is kept even if it is
  ///     larger.
  public init(maximumEvents: Int = 10_000, maximumBytes: Int = 16 << 20) {
    self.maximumEvents = max(1, maximumEvents)
    self.maximumBytes = max(1, maximumBytes)
  }

  /// Appends events to a channel and evicts the oldest beyond the limits. Amortized constant time per event.
  ///
  /// Use this form to fill the history yourself, with events that have valid IDs or none. The hub calls the throwing
  /// form of ``RecordingEventRepository``, which reports an invalid ID as ``EventIDFlaw``.
  ///
  /// - Returns: The IDs of the events, in the same order. If an ID is invalid, no event is recorded and the result is
  ///   empty. Call `EventID.checkReturnable(maximumBytes:)` first on IDs from elsewhere.
  public func append(_ events: some Collection<ServerSentEvent>, to channel: ChannelName) -> [EventID] {
    (try? record(Array(events), in: channel)) ?? []
  }

  /// Appends events to a channel: all of them, or none if an ID is invalid.
  ///
  /// Direct calls on this type resolve to the form above, which needs no `try`.
  @_disfavoredOverload
  public func append(_ events: [ServerSentEvent], to channel: ChannelName) throws(EventIDFlaw) -> [EventID] {
    try record(events, in: channel)
  }

  /// Returns the events after one. Finding the place takes constant time; the rest is linear in the events returned.
  public func events(for request: ReplayRequest) -> ReplayResult {
    state.withLock { state in
      state.histories[request.channel]?.answer(request)
        ?? (request.lastEventID == nil ? .contiguous([]) : .unknownID)
    }
  }

  /// Returns the ID of a channel's newest event, or `nil` if it has none. Constant time.
  public func newestEventID(in channel: ChannelName) -> EventID? {
    state.withLock { $0.histories[channel]?.newestID }
  }

  /// Returns whether no event of a channel was ever evicted or removed. Constant time.
  ///
  /// The names of 10,000 channels whose history was removed are remembered. After more removals the result is `false`
  /// for every channel.
  public func hasEveryEvent(in channel: ChannelName) async -> Bool {
    // Without `async`, a call from an asynchronous context would resolve to the protocol's default.
    state.withLock { state in
      state.removed?.contains(channel) == false && state.histories[channel]?.hasEvicted != true
    }
  }

  /// Removes a channel's history. Its IDs become unknown and are not generated again.
  public func removeAll(in channel: ChannelName) {
    // The events are released outside the lock.
    _ = state.withLock { state -> History? in
      guard let history = state.histories.removeValue(forKey: channel) else { return nil }
      state.removed?.insert(channel)
      if state.removed?.count ?? 0 > Self.rememberedRemovals { state.removed = nil }
      return history
    }
  }

  private func record(_ events: [ServerSentEvent], in channel: ChannelName) throws(EventIDFlaw) -> [EventID] {
    for event in events { try event.id?.checkReturnable() }
    guard !events.isEmpty else { return [] }
    return state.withLock { state in
      if state.histories[channel] == nil {
        state.incarnations += 1
        state.histories[channel] = History(
          incarnation: "\(epoch)-\(state.incarnations)-", maximumEvents: maximumEvents, maximumBytes: maximumBytes)
      }
      return events.map { state.histories[channel]!.append($0) }
    }
  }
}

/// A channel's history, from its first event until it is removed.
private struct History {
  /// Slots of evicted events that are kept before the array is shortened.
  private static let spareSlots = 64

  /// The prefix of the generated IDs.
  let incarnation: String
  let maximumEvents: Int
  let maximumBytes: Int

  /// The empty slots of `evicted` events, then the retained events, oldest first.
  private var slots: [ServerSentEvent] = []
  private var evicted = 0
  /// The number of the event in the first slot. The first event of all has number 1.
  private var firstSlot: UInt64 = 1
  private var bytes = 0
  /// The number of the newest retained event for each ID.
  private var numbers: [EventID: UInt64] = [:]
  /// The highest number in an application ID that has the form of a generated one.
  private var highestForeign: UInt64 = 0

  init(incarnation: String, maximumEvents: Int, maximumBytes: Int) {
    self.incarnation = incarnation
    self.maximumEvents = maximumEvents
    self.maximumBytes = maximumBytes
  }

  private var held: ArraySlice<ServerSentEvent> { slots[evicted...] }
  private var earliest: UInt64 { firstSlot + UInt64(evicted) }
  private var next: UInt64 { firstSlot + UInt64(slots.count) }

  var newestID: EventID? { held.last?.id }
  var hasEvicted: Bool { earliest > 1 }

  mutating func append(_ event: ServerSentEvent) -> EventID {
    let number = next
    if let foreign = event.id.flatMap(self.number) { highestForeign = max(highestForeign, foreign) }
    var event = event
    let id = event.id ?? makeID(number)
    event.id = id
    slots.append(event)
    bytes += Self.size(event)
    numbers[id] = number
    while held.count > maximumEvents || (bytes > maximumBytes && held.count > 1) { evictOldest() }
    return id
  }

  func answer(_ request: ReplayRequest) -> ReplayResult {
    guard let id = request.lastEventID else { return .contiguous(batch(from: earliest, request)) }
    if let number = numbers[id] { return .contiguous(batch(from: number + 1, request)) }
    // No retained event has this ID. A generated ID of that number would have been found.
    guard let number = number(of: id), number < earliest else { return .unknownID }
    // If the event directly before the earliest one had this ID, none is missing. But another event may have had it as
    // an application ID.
    let isNothingMissing = number + 1 == earliest && number > highestForeign
    let events = batch(from: earliest, request)
    return isNothingMissing ? .contiguous(events) : .gap(events)
  }

  private mutating func evictOldest() {
    let event = slots[evicted]
    slots[evicted] = ServerSentEvent(data: "")
    bytes -= Self.size(event)
    if let id = event.id, numbers[id] == earliest { numbers[id] = nil }
    evicted += 1
    // Shortening it only occasionally keeps the amortized cost of an event constant.
    guard evicted > Self.spareSlots, evicted > slots.count / 2 else { return }
    firstSlot += UInt64(evicted)
    slots.removeFirst(evicted)
    evicted = 0
  }

  private func batch(from number: UInt64, _ request: ReplayRequest) -> [ServerSentEvent] {
    var batch: [ServerSentEvent] = []
    var bytes = 0
    for event in slots[Int(number - firstSlot)...].prefix(max(1, request.maximumEvents)) {
      guard batch.isEmpty || bytes < request.maximumBytes else { break }
      batch.append(event)
      bytes += event.data.utf8.count
    }
    return batch
  }

  private func makeID(_ number: UInt64) -> EventID {
    let id = "\(incarnation)\(number)"
    // An application that republishes events from here may have used IDs ahead of the numbers.
    guard number <= highestForeign else { return EventID(unchecked: id) }
    return EventID(unchecked: "\(id)-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
  }

  /// Returns the number in an ID, if the ID has exactly the form of a generated one.
  private func number(of id: EventID) -> UInt64? {
    let bytes = id.rawValue.utf8
    guard bytes.starts(with: incarnation.utf8),
      let number = UInt64(Substring(bytes.dropFirst(incarnation.utf8.count))), number > 0,
      id == EventID(unchecked: "\(incarnation)\(number)")
    else { return nil }
    return number
  }

  private static func size(_ event: ServerSentEvent) -> Int {
    event.data.utf8.count + (event.id?.rawValue.utf8.count ?? 0) + (event.type?.rawValue.utf8.count ?? 0)
  }
}
