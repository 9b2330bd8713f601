import EventSourceFormat
import EventSourceServer

extension ReplayRequest {
  /// Returns the first of these events, up to the one that reaches a limit. The first one is always included.
  func batch(of events: some Sequence<ServerSentEvent>) -> [ServerSentEvent] {
    var batch: [ServerSentEvent] = []
    var bytes = 0
    for event in events {
      batch.append(event)
      bytes += event.data.utf8.count
      if batch.count == maximumEvents || bytes >= maximumBytes { break }
    }
    return batch
  }
}
