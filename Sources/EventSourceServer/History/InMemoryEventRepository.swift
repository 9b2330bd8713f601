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
    var bytes = 0
    var hasDropped = false

    mutating func trim(toEvents maximumEvents: Int, bytes maximumBytes: Int) {
      var first = max(0, events.count - maximumEvents)
      var dropped = events[..<first].reduce(0) { $0 + $1.data.utf8.count }
      while bytes - dropped > maximumBytes, first < events.count - 1 {
        dropped += events[first].data.utf8.count
        first += 1
      }
      events.removeSubrange(..<first)
      bytes -= dropped
      hasDropped = true
    }
  }

  private let maximumEvents: Int
  private let maximumBytes: Int
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

  /// Adds an event at a channel's end, giving up the oldest ones beyond the limits. Constant time on average.
  public func append(_ event: ServerSentEvent, to channel: ChannelName) {
    histories.withLock { histories in
      var history = histories.removeValue(forKey: channel) ?? History()
      history.events.append(event)
      history.bytes += event.data.utf8.count
      // Dropping in bulk keeps the cost of an append constant on average.
      if history.events.count > maximumEvents + maximumEvents / 8 + 1 || history.bytes > maximumBytes + maximumBytes / 8
      {
        history.trim(toEvents: maximumEvents, bytes: maximumBytes)
      }
      histories[channel] = history
    }
  }

  /// The events after one. Linear in the events held.
  public func events(for request: ReplayRequest) -> ReplayAnswer {
    histories.withLock { histories in
      let history = histories[request.channel] ?? History()
      let events = history.events
      guard let lastEventID = request.lastEventID else {
        let batch = Self.batch(of: events[...], request)
        return history.hasDropped ? .gap(batch) : .contiguous(batch)
      }
      guard let index = events.lastIndex(where: { $0.id == lastEventID }) else { return .unknownID }
      return .contiguous(Self.batch(of: events[(index + 1)...], request))
    }
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
