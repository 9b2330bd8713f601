internal import EventSourceFormat

/// A message between the processes of a collection whose history is shared. Each is an event of the collection's
/// control channel.
///
///     event: eventsource-control
///     data: ask 8h2k… 9x4m…
enum RunMessage: Equatable {
  /// The sender has viewers of these runs, and asks whether their producers live.
  case ask([String])
  /// The sender produces these runs.
  case lives([String])
  /// The run must stop.
  case stop(String, RunStopReason)

  static let type: EventType = "eventsource-control"
  /// The maximum number of runs in one message.
  static let mostRuns = 100

  /// Creates the messages for any number of runs.
  static func all(_ ids: [String], _ make: ([String]) -> RunMessage) -> [RunMessage] {
    stride(from: 0, to: ids.count, by: mostRuns).map { make(Array(ids[$0..<min($0 + mostRuns, ids.count)])) }
  }

  var event: ServerSentEvent {
    let data: String
    switch self {
    case .ask(let ids): data = "ask " + ids.joined(separator: " ")
    case .lives(let ids): data = "lives " + ids.joined(separator: " ")
    case .stop(let id, let reason):
      var identity = ""
      if case .requested(let by?) = reason {
        // A name with a line break would be another line of data.
        identity = " " + String(decoding: by.utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
      }
      data = "stop \(id) \(reason.name)\(identity)"
    }
    return ServerSentEvent(data: data, type: Self.type)
  }

  /// Returns the message of an event, or `nil` if it is none that this version knows.
  init?(_ event: ServerSentEvent) {
    guard event.type == Self.type else { return nil }
    let words = event.data.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    switch words.first {
    case "ask": self = .ask(Self.ids(event.data))
    case "lives": self = .lives(Self.ids(event.data))
    case "stop" where words.count >= 3:
      let identity = words.count > 3 ? String(words[3]) : nil
      let reasons = [RunStopReason.requested(by: identity), .unwatched, .deadline, .byteLimit, .closed]
      guard let reason = reasons.first(where: { $0.name == words[2] }) else { return nil }
      self = .stop(String(words[1]), reason)
    default: return nil
    }
  }

  private static func ids(_ data: String) -> [String] { data.split(separator: " ").dropFirst().map(String.init) }
}
