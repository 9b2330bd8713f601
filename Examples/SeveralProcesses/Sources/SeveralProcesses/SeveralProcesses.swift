import EventSourceBuiltInServer
import EventSourceRedis
import EventSourceServer
import Glibc

/// One of several processes that serve the same channel: `SeveralProcesses NAME UNIX-SOCKET REDIS-URL`. See run.sh.
@main struct SeveralProcesses {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else { stop("usage: SeveralProcesses NAME UNIX-SOCKET REDIS-URL", status: 64) }
    do {
      // These lines make it one of several processes. Everything else is as with a single one.
      let history = try await RedisEventRepository([RedisServer(url: arguments[3])])
      var configuration = EventHub.Configuration()
      configuration.repositoryProvider = { _ in history }

      let arrivals = Arrivals(process: arguments[1])
      configuration.occupancyObservers = [arrivals]
      let hub = EventHub(channels: ["room"], configuration: configuration)
      arrivals.publish(to: hub)

      var address = BuiltInServer.Configuration()
      address.unixSocket = arguments[2]
      let server = BuiltInServer(configuration: address)
      var streams = EventStreamHandler.Configuration()
      streams.reconnectionTime = .milliseconds(300)
      server.mount(EventStreamHandler(hub, configuration: streams, authorizer: NamedReaders()), at: "/events/{channel}")
      server.route("GET", at: "/") { _ in
        BuiltInResponse(
          fields: [HeaderField("Content-Type", "text/html; charset=utf-8")], body: Array(Page.html.utf8))
      }
      _ = try server.start()
      var ticks = Ticks(process: arguments[1], hub)
      while true { await ticks.publishNext() }
    } catch {
      // run.sh starts the process again, until Redis can be reached.
      stop("\(error)", status: 69)
    }
  }

  private static func stop(_ message: String, status: Int32) -> Never {
    let line = "several-processes: \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(status)
  }
}
