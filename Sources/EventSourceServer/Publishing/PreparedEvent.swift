internal import EventSourceFormat

/// An event whose encoding is known to be possible and how long it is.
struct PreparedEvent {
  var event: ServerSentEvent
  var byteCount: Int
  /// By which slow readers of a channel that keeps the newest of each key are served.
  var key: String?

  /// The key as logs have it, never 0: random for each process, so that no publisher's keys can be made to collide.
  var keyHash: UInt64 {
    var hasher = Hasher()
    hasher.combine(key)
    if key == nil { hasher.combine(event.type?.rawValue ?? "message") }
    return UInt64(truncatingIfNeeded: hasher.finalize()) | 1
  }

  /// How long it is with an ID, if it has none of its own.
  func byteCount(with id: EventID) -> Int {
    event.id == nil ? byteCount + "id: \n".utf8.count + id.rawValue.utf8.count : byteCount
  }

  /// The event with an ID, if it has none.
  func identified(by id: EventID) -> PreparedEvent {
    guard event.id == nil else { return self }
    var identified = self
    identified.event.id = id
    identified.byteCount = byteCount(with: id)
    return identified
  }
}
