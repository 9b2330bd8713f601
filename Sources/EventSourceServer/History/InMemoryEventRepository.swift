import Synchronization

public import EventSourceFormat

/// A bounded history in memory, one per channel, which is recorded by publishing.
///
/// A channel's log already holds its recent past without any repository; register this one to hold more of it than the
/// log, or to keep a history while hubs come and go. Any thread; `events` is linear in the events held, because it
/// looks for the ID from the newest back.
public final class InMemoryEventRepository: RecordingEventRepository {
  private struct History {
    var events: [ServerSentEvent] = []
    /// How many events there ever were.
    var count: UInt64 = 0
    /// The highest number in an ID of an event's own that looks as if it had been made here.
    var highestForeign: UInt64 = 0
    var bytes = 0

    mutating func append(_ event: ServerSentEvent) {
      events.append(event)
      bytes += event.data.utf8.count
    }

    mutating func trim(toEvents maximumEvents: Int, bytes maximumBytes: Int) {
      var first = max(0, events.count - maximumEvents)
      var dropped = events[..<first].reduce(0) { $0 + $1.data.utf8.count }
      while bytes - dropped > maximumBytes, first < events.count - 1 {
        dropped += events[first].data.utf8.count
        first += 1
      }
      events.removeSubrange(..<first)
      bytes -= dropped
    }
  }

  private let maximumEvents: Int
  private let maximumBytes: Int
  /// What the IDs that are made here begin with.
  private let epoch = String(UInt64.random(in: 0 ... .max), radix: 36)
  private let histories = Mutex<[ChannelName: History]>([:])

  /// Makes an empty history.
  ///
  /// - Parameters:
  ///   - maximumEvents: Events held per channel, at least 1.
  ///   - maximumBytes: Bytes of data held per channel; the newest event is held even if it has more.
  public init(maximumEvents: Int = 10_000, maximumBytes: Int = 16 << 20) {
    precondition(maximumEvents > 0 && maximumBytes > 0, "an in-memory history has room for at least one event")
    self.maximumEvents = maximumEvents
    self.maximumBytes = maximumBytes
  }

  /// Adds events at a channel's end, giving up the oldest ones beyond the limits. Constant time on average.
  public func append(_ events: [ServerSentEvent], to channel: ChannelName) -> [EventID] {
    histories.withLock { histories in
      var history = histories.removeValue(forKey: channel) ?? History()
      defer { histories[channel] = history }
      return events.map { event in
        var event = event
        history.count += 1
        if let number = event.id.flatMap(number) { history.highestForeign = max(history.highestForeign, number) }
        let id = event.id ?? makeID(for: history)
        event.id = id
        history.append(event)
        // Dropping in bulk keeps the cost of an append constant on average.
        if history.events.count > maximumEvents + maximumEvents / 8 + 1
          || history.bytes > maximumBytes + maximumBytes / 8
        {
          history.trim(toEvents: maximumEvents, bytes: maximumBytes)
        }
        return id
      }
    }
  }

  /// The events after one. Linear in the events held.
  public func events(for request: ReplayRequest) -> ReplayAnswer {
    histories.withLock { histories in
      let history = histories[request.channel] ?? History()
      let events = history.events
      guard let lastEventID = request.lastEventID else { return .contiguous(Self.batch(of: events[...], request)) }
      if let index = events.lastIndex(where: { $0.id == lastEventID }) {
        return .contiguous(Self.batch(of: events[(index + 1)...], request))
      }
      return wasMade(lastEventID, of: history) ? .gap(Self.batch(of: events[...], request)) : .unknownID
    }
  }

  /// The ID of the newest event of a channel, other than any that an event brought along.
  private func makeID(for history: History) -> EventID {
    let id = "\(epoch)-\(history.count)"
    // Whoever republishes what was read here may be ahead of the count.
    guard history.count <= history.highestForeign else { return EventID(unchecked: id) }
    return EventID(unchecked: "\(id)-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
  }

  /// Whether an ID was made here for a channel, of which the event is no longer held.
  private func wasMade(_ id: EventID, of history: History) -> Bool {
    number(of: id).map { $0 <= history.count } ?? false
  }

  /// The number in an ID as it is made here.
  private func number(of id: EventID) -> UInt64? {
    guard id.rawValue.hasPrefix("\(epoch)-"), let number = UInt64(id.rawValue.dropFirst(epoch.utf8.count + 1)),
      number > 0, id == EventID(unchecked: "\(epoch)-\(number)")
    else { return nil }
    return number
  }

  /// Forgets a channel's history.
  public func removeAll(in channel: ChannelName) {
    histories.withLock { _ = $0.removeValue(forKey: channel) }
  }

  private static func batch(of events: ArraySlice<ServerSentEvent>, _ request: ReplayRequest) -> [ServerSentEvent] {
    var bytes = 0
    let batch = events.prefix(request.maximumEvents).prefix { event in
      defer { bytes += event.data.utf8.count }
      return bytes < request.maximumBytes
    }
    return Array(batch)
  }
}
