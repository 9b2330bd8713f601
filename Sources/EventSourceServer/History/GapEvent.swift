internal import EventSourceFormat

/// The event by which a stream reports that the reader has missed events which cannot be replayed.
///
/// Its type is ``type``, which a plain `EventSource` ignores unless it listens for it. Its data is one JSON object with
/// `channel`, `lastEventID` and `earliestAvailable`. `lastEventID` is the event after which the reader asked to resume,
/// or null if it skipped events because it was slow. `earliestAvailable` is the ID of the first event that is still
/// available, or null if its position relative to the reader's events is unknown; the reader may then get some events
/// again. The gap event has no ID, so the reader's last event ID does not change.
struct GapEvent: ServerSentEventConvertible {
  static let type: EventType = "eventsource-gap"

  let channel: ChannelName
  let lastEventID: String?
  let earliestAvailable: String?

  var serverSentEvent: ServerSentEvent {
    let earliest = earliestAvailable.map(Self.quoted) ?? "null"
    let last = lastEventID.map(Self.quoted) ?? "null"
    let data = """
      {"channel":\(Self.quoted(channel.rawValue)),"lastEventID":\(last),"earliestAvailable":\(earliest)}
      """
    return ServerSentEvent(data: data, type: Self.type)
  }

  /// Returns a JSON string (RFC 8259, 7).
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
