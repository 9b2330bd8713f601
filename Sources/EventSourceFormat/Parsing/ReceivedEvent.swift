/// An event as a reader receives it (WHATWG HTML 9.2.6): what a parser dispatches at a blank line.
///
/// Its parts are any text, since they come from a peer; compare them by `==` only where canonically equivalent
/// spellings may count as one.
public struct ReceivedEvent: Sendable, Hashable {
  /// The type; `message`, if the stream named none.
  public var type: String
  /// The data: its lines, joined by LF.
  public var data: String
  /// The last event ID when the event was dispatched: its own ID, or that of an event before it; empty: there is none.
  public var lastEventID: String

  /// Makes an event.
  public init(type: String = "message", data: String, lastEventID: String = "") {
    self.type = type
    self.data = data
    self.lastEventID = lastEventID
  }
}
