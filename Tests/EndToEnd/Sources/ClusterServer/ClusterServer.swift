import EventSourceRedis
import EventSourceServer
import Glibc
import RunningServers

/// One of several servers that share the channel "a" by a history on Redis. Its standard input controls publishing.
///
///     ClusterServer builtin|evhttp REDIS-URL NAME
///
/// It prints its port. For each line `N`, it publishes about N events from several tasks at a time, prints a line with
/// the outcome of each, and then `done`. It ends with its input. If Redis cannot be reached at the start, it ends with
/// status 69.
@main struct ClusterServer {
  static let publishers = 16

  static func main() async throws {
    signal(SIGPIPE, SIG_IGN)
    guard CommandLine.arguments.count == 4 else {
      print("usage: ClusterServer builtin|evhttp REDIS-URL NAME")
      exit(64)
    }
    let repository = await openHistory(CommandLine.arguments[2])
    var configuration = EventHub.Configuration()
    configuration.channelCreation = .onDemand
    // Small, so that most missed events come from Redis.
    configuration.retention = Retention(maximumBytes: 16 << 10)
    configuration.repositoryProvider = { _ in repository }
    configuration.followLinger = .seconds(1)
    let hub = EventHub(configuration: configuration)
    var streams = EventStreamHandler.Configuration()
    streams.channels = ["a"]
    // A reader that was disconnected before its first event starts at the beginning.
    streams.replaysToNewReaders = true
    let server = try await startServer(CommandLine.arguments[1], hub, streams)
    say("listening \(server.port)")

    var publishers = (0..<Self.publishers).map { Publisher("\(CommandLine.arguments[3]).\($0)", hub) }
    while let line = readLine() {
      guard let count = Int(line) else { continue }
      publishers = await withTaskGroup(of: Publisher.self) { group in
        for publisher in publishers {
          group.addTask {
            var publisher = publisher
            await publisher.publish((count + Self.publishers - 1) / Self.publishers)
            return publisher
          }
        }
        var done: [Publisher] = []
        for await publisher in group { done.append(publisher) }
        return done
      }
      say("done")
    }
    await server.stop()
    let (readers, store) = (hub.statistics, repository.statistics)
    repository.close()
    say(
      "ended replayed \(readers.eventsReplayed) gaps \(readers.gaps) batches \(store.batches) "
        + "repeated \(store.repeatedBatches) refills \(store.reads) reconnections \(store.lostConnections)")
  }

  private static func openHistory(_ url: String) async -> RedisEventRepository {
    do {
      var configuration = RedisEventRepository.Configuration()
      configuration.retention.maximumEvents = 400_000
      return try await RedisEventRepository([RedisServer(url: url)], configuration: configuration)
    } catch {
      say("failed \(error)")
      exit(69)
    }
  }
}

/// Writes a line at once. One call of `write` keeps it whole if the process is killed.
func say(_ line: String) {
  let line = line + "\n"
  _ = line.withCString { write(STDOUT_FILENO, $0, line.utf8.count) }
}
