/// An event as a reader receives it (WHATWG HTML 9.2.6): what a parser dispatches at a blank line.
///
/// Its parts are any text, since they come from a peer. Events are compared by their bytes.
public struct ReceivedEvent: Sendable {
  /// The type; `message`, if the stream named none.
  public var type: String
  /// The data: its lines, joined by LF.
  public var data: String
  private var idText: IDText

  /// The last event ID when the event was dispatched: its own ID, or that of an event before it; empty: there is none.
  ///
  /// One of at most 15 bytes is made into a string at each access, without an allocation.
  public var lastEventID: String {
    get { idText.string }
    set { idText = idText.isOwn ? IDText(newValue).asOwn : IDText(newValue) }
  }

  /// The event's own ID; nil: the stream gave it none. Empty: the stream said that there is no last event ID any more.
  public var id: String? { idText.isOwn ? lastEventID : nil }

  /// Makes an event.
  public init(type: String = "message", data: String, lastEventID: String = "") {
    self.init(type: type, data: data, id: IDText(lastEventID))
  }

  @inline(__always)
  init(type: String, data: String, id: IDText) {
    self.type = type
    self.data = data
    idText = id
  }
}

extension ReceivedEvent: Hashable {
  /// Whether type, data and last event ID have the same bytes.
  public static func == (left: ReceivedEvent, right: ReceivedEvent) -> Bool {
    left.type.hasSameBytes(as: right.type) && left.data.hasSameBytes(as: right.data)
      && left.lastEventID.hasSameBytes(as: right.lastEventID)
  }

  /// Feeds the bytes.
  public func hash(into hasher: inout Hasher) {
    type.hashBytes(into: &hasher)
    data.hashBytes(into: &hasher)
    lastEventID.hashBytes(into: &hasher)
  }
}
