internal import EventSourceFormat
public import Foundation

extension EventSource {
  /// An element of a source's sequence.
  public enum Element: Sendable {
    /// A stream was opened. Repeated after each reconnect.
    indirect case opened(ResponseHead)
    /// An event.
    case event(Message)
    /// A comment, without its colon, delivered when its line ends.
    case comment(String)
    /// The server reports missing events that it cannot replay.
    indirect case gap(Gap)
    /// The stream ended or an attempt failed. The next attempt follows after the wait.
    indirect case reconnecting(Reconnection)
    /// The end, unless an error ends the source. Nothing follows.
    case closed(CloseReason)
  }

  /// A received event.
  public struct Message: Sendable {
    private let event: ReceivedEvent
    private let stream: OpenedStream

    init(_ event: ReceivedEvent, in stream: OpenedStream) {
      self.event = event
      self.stream = stream
    }

    /// The type. `message` if the stream named none.
    public var type: String { event.type }
    /// The data.
    public var data: String { event.data }
    /// The event's own ID. `nil` if it had none.
    public var id: String? { event.id }
    /// The last event ID when it was dispatched: its own or that of an earlier event. Empty if there is none.
    public var lastEventID: String { event.lastEventID }
    /// The head of the response that carried it. Its URL gives the event's origin.
    public var head: ResponseHead { stream.head }

    /// Decodes the data from JSON.
    public func decode<Value: Decodable>(
      _ type: Value.Type = Value.self, by decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
      try decoder.decode(type, from: Data(data.utf8))
    }
  }

  /// Missing events that cannot be replayed, as reported by a server that uses EventSourceKit.
  public struct Gap: Sendable, Hashable, Decodable {
    /// The channel. Empty if a consumer of a ``SharedEventSource`` was too slow for its buffer.
    public let channel: String
    /// The last event before the gap. `nil` if this reader was too slow and skipped ahead.
    public let lastEventID: String?
    /// The first event that is still available. `nil` if received events may be repeated.
    public let earliestAvailable: String?

    /// The type of the event that reports it.
    public static let eventType = "eventsource-gap"

    /// The gap that a consumer of a shared source receives after it was too slow.
    static let inProgram = Gap(channel: "", lastEventID: nil, earliestAvailable: nil)

    private init(channel: String, lastEventID: String?, earliestAvailable: String?) {
      (self.channel, self.lastEventID, self.earliestAvailable) = (channel, lastEventID, earliestAvailable)
    }

    init?(_ data: String) {
      guard let gap = try? JSONDecoder().decode(Gap.self, from: Data(data.utf8)) else { return nil }
      self = gap
    }
  }

  /// A wait before the next attempt.
  public struct Reconnection: Sendable {
    /// The number of the next attempt.
    public let attempt: Int
    /// The duration of the wait.
    public let delay: Duration
    /// The reason. `nil` after ``EventSource/restart()``.
    public let error: SubscriptionError?
  }

  /// The reason why a source closed without an error.
  public enum CloseReason: Sendable, Hashable {
    /// ``EventSource/close()`` was called.
    case byCaller
    /// The server reported by 204 that nothing more will come.
    case byServer
    /// The single response ended, at the event that ``EventSource/Configuration/endsAtEvent`` names if it is set. Or a
    /// subscription reached that event.
    case completed
  }

  /// The state of a source (WHATWG HTML 9.2.2).
  public enum ReadyState: Int, Sendable, Hashable {
    /// Connecting, or waiting to reconnect.
    case connecting = 0
    /// A stream is open.
    case open = 1
    /// Closed permanently.
    case closed = 2
  }
}

/// The head that all events of a stream share by reference.
final class OpenedStream: Sendable {
  let head: ResponseHead
  init(_ head: ResponseHead) { self.head = head }
}
