internal import EventSourceFormat

/// An event that is known to be encodable, with its encoded size.
struct PreparedEvent {
  var event: ServerSentEvent
  var byteCount: Int
  /// The key by which slow readers get only the newest event, on channels with that policy.
  var key: String?

  /// The key's hash, as logs store it. Never 0. Seeded per process, so that a publisher cannot construct collisions.
  var keyHash: UInt64 {
    var hasher = Hasher()
    hasher.combine(key)
    if key == nil { hasher.combine(event.type?.rawValue ?? "message") }
    return UInt64(truncatingIfNeeded: hasher.finalize()) | 1
  }

  /// Returns the encoded size with an ID, which is added if the event has none.
  func byteCount(with id: EventID) -> Int {
    event.id == nil ? byteCount + "id: \n".utf8.count + id.rawValue.utf8.count : byteCount
  }

  /// Returns the event with an ID, which is added if it has none.
  func identified(by id: EventID) -> PreparedEvent {
    guard event.id == nil else { return self }
    var identified = self
    identified.event.id = id
    identified.byteCount = byteCount(with: id)
    return identified
  }
}
