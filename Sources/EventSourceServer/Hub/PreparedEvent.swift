internal import EventSourceFormat

/// An event whose encoding is known to be possible and how long it is.
struct PreparedEvent {
  var event: ServerSentEvent
  var byteCount: Int

  /// The event with an ID, if it has none.
  func identified(by id: @autoclosure () -> EventID) -> PreparedEvent {
    guard event.id == nil else { return self }
    var identified = self
    let id = id()
    identified.event.id = id
    identified.byteCount += "id: \n".utf8.count + id.rawValue.utf8.count
    return identified
  }
}
