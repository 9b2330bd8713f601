import EventSourceClient

/// How what comes in a stream is written as JSON, by `decode` and `listen` alike.
extension [UInt8] {
  mutating func appendEvent(type: String, data: String, lastEventID: String) {
    self += "{".utf8
    appendMember("type", type)
    appendMember("data", data)
    appendMember("lastEventID", lastEventID)
    self += "}".utf8
  }

  mutating func appendComment(_ text: String) {
    self += "{".utf8
    appendMember("comment", text)
    self += "}".utf8
  }

  mutating func appendGap(_ gap: EventSource.Gap) {
    self += "{\"gap\":{".utf8
    appendMember("channel", gap.channel)
    appendMember("lastEventID", gap.lastEventID)
    appendMember("earliestAvailable", gap.earliestAvailable)
    self += "}}".utf8
  }
}
