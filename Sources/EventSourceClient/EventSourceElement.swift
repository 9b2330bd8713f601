internal import EventSourceFormat
public import Foundation

extension EventSource {
  /// What happens to a source, in order.
  public enum Element: Sendable {
    /// A stream is there. Comes again after each reconnect.
    indirect case opened(ResponseHead)
    /// An event.
    case event(Message)
    /// A comment, without its colon, as soon as its line has ended.
    case comment(String)
    /// The server says that events are missing which cannot be replayed.
    indirect case gap(Gap)
    /// The stream ended or an attempt failed; the next one follows after the wait.
    indirect case reconnecting(Reconnection)
    /// The end, when it is not by an error: nothing follows.
    case closed(Closure)
  }

  /// An event as it was received.
  public struct Message: Sendable {
    private let event: ReceivedEvent
    private let stream: OpenedStream

    init(_ event: ReceivedEvent, in stream: OpenedStream) {
      self.event = event
      self.stream = stream
    }

    /// The type; `message`, if the stream named none.
    public var type: String { event.type }
    /// The data.
    public var data: String { event.data }
    /// The event's own ID; nil: the stream gave it none.
    public var id: String? { event.id }
    /// The last event ID when it was dispatched: its own ID, or that of an event before it; empty: there is none.
    public var lastEventID: String { event.lastEventID }
    /// The head of the response that it came in; its URL has the event's origin.
    public var head: ResponseHead { stream.head }

    /// The data as a value of a type, from JSON.
    public func decode<Value: Decodable>(
      _ type: Value.Type = Value.self, by decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
      try decoder.decode(type, from: Data(data.utf8))
    }
  }

  /// Events that are missing and cannot be replayed, as a server of EventSourceKit tells it.
  public struct Gap: Sendable, Hashable, Decodable {
    /// The channel of which they are missing. Empty: a consumer of a ``SharedEventSource`` missed them in the program.
    public let channel: String
    /// The event after which they are missing; nil: this reader was too slow and was moved on.
    public let lastEventID: String?
    /// The first event that is still to be had; nil: events that were received may come again.
    public let earliestHeld: String?

    /// The type of the event by which it is told.
    public static let eventType = "eventsource-gap"

    /// What a consumer of a shared source is told that was too slow.
    static let inProgram = Gap(channel: "", lastEventID: nil, earliestHeld: nil)

    private init(channel: String, lastEventID: String?, earliestHeld: String?) {
      (self.channel, self.lastEventID, self.earliestHeld) = (channel, lastEventID, earliestHeld)
    }

    init?(_ data: String) {
      guard let gap = try? JSONDecoder().decode(Gap.self, from: Data(data.utf8)) else { return nil }
      self = gap
    }
  }

  /// A wait before the next attempt.
  public struct Reconnection: Sendable {
    /// The number of the attempt to come.
    public let attempt: Int
    /// How long it waits.
    public let delay: Duration
    /// Why; nil: somebody called ``EventSource/restart()``.
    public let error: SubscriptionError?
  }

  /// Why a source closed without an error.
  public enum Closure: Sendable, Hashable {
    /// ``EventSource/close()`` was called.
    case byCaller
    /// The server said that there is nothing more to come, by 204.
    case byServer
    /// The one response that was asked for came to its end, or to the event that
    /// ``EventSource/Configuration/endsAtEvent`` names.
    case completed
  }

  /// What a source is doing (WHATWG HTML 9.2.2).
  public enum ReadyState: Int, Sendable, Hashable {
    /// Connecting, or waiting to connect again.
    case connecting = 0
    /// A stream is there.
    case open = 1
    /// Closed for good.
    case closed = 2
  }
}

/// The head that all events of a stream have in common: one reference for each instead of all that is in it.
final class OpenedStream: Sendable {
  let head: ResponseHead
  init(_ head: ResponseHead) { self.head = head }
}
