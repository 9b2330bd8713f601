import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  static let contentChecks: [Check] = [
    Check("data is returned unchanged, except for the kind of its line breaks") { archive in
      let data = [
        "", " ", "\n", "\r", "\r\n", "\n\n", "a\nb", "a\rb", "a\r\nb", "a\n\r\nb\r", "trailing\n", "\nleading", " a",
        "a ",
        "data: x", ":", "\u{FEFF}mark", "tab\tbell\u{7}", "é", "e\u{301}", "👩\u{200D}👧",
        "\u{2028}\u{85}", "' \" \\ % ;",
        "nul\u{0}inside", String(repeating: "long ", count: 50_000),
      ]
      let added = try await archive.append(data.map { ServerSentEvent(data: $0) })
      let found = try await archive.walk(from: nil, events: 4)
      try require(found.map(lineFeeds), equal: added.map(lineFeeds), "data")
    },
    Check("type and reconnection time are returned unchanged") { archive in
      let types: [EventType?] = [nil, "message", "update", " spaced ", "é", "e\u{301}", "UPDATE", "👋", "a:b"]
      let times: [Duration?] = [nil, .zero, .milliseconds(1), .seconds(3), .seconds(86_400), .milliseconds(1 << 40)]
      var events: [ServerSentEvent] = []
      for type in types {
        for time in times { events.append(ServerSentEvent(data: "x", type: type, reconnectionTime: time)) }
      }
      let added = try await archive.append(events)
      try require(try await archive.contiguous(after: nil), equal: added, "fields")
    },
  ]

  /// The format does not distinguish line breaks, so a repository need not either.
  private static func lineFeeds(_ event: ServerSentEvent) -> ServerSentEvent {
    var event = event
    var isAfterCarriageReturn = false
    var scalars = String.UnicodeScalarView()
    for scalar in event.data.unicodeScalars {
      if !(scalar == "\n" && isAfterCarriageReturn) { scalars.append(scalar == "\r" ? "\n" : scalar) }
      isAfterCarriageReturn = scalar == "\r"
    }
    event.data = String(scalars)
    return event
  }
}
