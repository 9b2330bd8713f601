import EventSourceFormat
import EventSourceSQLite
import EventSourceServer

/// Measures how fast a history is written and read on this machine.
enum Measurement {
  /// Concurrent publishers add events of 100 bytes one by one, each to one of the channels. Then the channels are read
  /// one after another, in batches of the handler's size.
  static func run(
    _ path: String, _ configuration: SQLiteEventRepository.Configuration, publishers: Int, channels: Int,
    for duration: Duration
  ) async throws -> String {
    let repository = try SQLiteEventRepository(path: path, configuration: configuration)
    let names = try (0..<channels).map { try ChannelName("channel-\($0)") }
    let data = String(repeating: "x", count: 100)
    let start = ContinuousClock.now
    let added = try await withThrowingTaskGroup(of: (count: Int, longest: Duration).self) { group in
      for publisher in 0..<publishers {
        group.addTask {
          var count = 0
          var longest = Duration.zero
          var last = start
          while last - start < duration {
            _ = try await repository.append([ServerSentEvent(data: data)], to: names[publisher % channels])
            count += 1
            let now = ContinuousClock.now
            longest = max(longest, now - last)
            last = now
          }
          return (count, longest)
        }
      }
      return try await group.reduce((0, Duration.zero)) { ($0.0 + $1.count, max($0.1, $1.longest)) }
    }
    let writing = ContinuousClock.now - start
    let readingStart = ContinuousClock.now
    var read = 0
    for name in names {
      var last: EventID?
      while case .contiguous(let events) = try await repository.events(
        for: ReplayRequest(channel: name, lastEventID: last)), let id = events.last?.id
      {
        read += events.count
        last = id
      }
    }
    let reading = ContinuousClock.now - readingStart
    await repository.close()
    return """
      \(publishers) publishers, \(channels) channels: \(rate(added.0, in: writing)) events/s added, at most \(added.1) \
      each; \(rate(read, in: reading)) events/s read of \(read)
      """
  }

  private static func rate(_ count: Int, in time: Duration) -> Int { Int(Double(count) / (time / .seconds(1))) }
}
