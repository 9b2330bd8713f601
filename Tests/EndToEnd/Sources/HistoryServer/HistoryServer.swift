import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Glibc
import RunningServers

/// A server with one channel and a history in a file. Its standard input controls publishing.
///
///     HistoryServer builtin|evhttp|nio|hummingbird FILE
///
/// It prints its port and the number of events in the file. For each line `publish N`, it publishes the next N numbers
/// in order, and prints a line after the last acknowledgement. It ends with its input.
@main struct HistoryServer {
  static func main() async throws {
    signal(SIGPIPE, SIG_IGN)
    guard CommandLine.arguments.count == 3 else {
      print("usage: HistoryServer builtin|evhttp|nio|hummingbird FILE")
      exit(64)
    }
    var history = SQLiteEventRepository.Configuration()
    history.durability = .interval(.seconds(1))
    history.retention.maximumEvents = nil
    history.retention.maximumBytes = nil
    let repository = try SQLiteEventRepository(path: CommandLine.arguments[2], configuration: history)
    var number = try await count(repository)

    var configuration = EventHub.Configuration()
    // Small, so that most missed events come from the file.
    configuration.retention = Retention(maximumBytes: 64 << 10)
    let hub = EventHub(configuration: configuration)
    hub.setRepository(repository, for: "a")
    var streams = EventStreamHandler.Configuration()
    streams.channels = ["a"]
    // A reader that was disconnected before its first event starts at the beginning.
    streams.replaysToNewReaders = true
    let server = try await startServer(CommandLine.arguments[1], hub, streams)
    say("listening \(server.port) holding \(number)")

    while let line = readLine() {
      let words = line.split(separator: " ")
      guard words.first == "publish", let more = words.last.flatMap({ Int($0) }) else { continue }
      for _ in 0..<more {
        number += 1
        try await hub.publish("\(number)", to: "a", waitingUntil: .stored)
      }
      say("published \(number)")
    }
    await server.stop()
    await repository.close()
    let ended = hub.statistics.streamsEnded.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: " ")
    print("replayed \(hub.statistics.eventsReplayed) gaps \(hub.statistics.gaps) ended \(ended)")
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }

  private static func count(_ repository: SQLiteEventRepository) async throws -> Int {
    var request = ReplayRequest(channel: "a", lastEventID: nil, maximumEvents: 10_000, maximumBytes: 16 << 20)
    var count = 0
    while case .contiguous(let events) = try await repository.events(for: request), let last = events.last {
      count += events.count
      request.lastEventID = last.id
    }
    return count
  }
}
