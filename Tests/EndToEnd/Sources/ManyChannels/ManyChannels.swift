import EventSourceBuiltInServer
import EventSourceServer
import Glibc
import StackServer

/// A server of many channels with one memory limit. Its standard input controls publishing.
///
///     ManyChannels CHANNELS MEBIBYTES disconnect|skip [builtin|nio|hummingbird]
///
/// It prints its port. For each line `publish N`, it publishes N events of one kibibyte to every channel, then prints
/// the hub's memory and statistics.
@main struct ManyChannels {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard [3, 4].contains(arguments.count), let count = arguments.first.flatMap({ Int($0) }),
      let mebibytes = arguments.dropFirst().first.flatMap({ Int($0) })
    else {
      print("usage: ManyChannels CHANNELS MEBIBYTES disconnect|skip [builtin|nio|hummingbird]")
      exit(64)
    }
    let names = (0..<count).map { ChannelName(stringLiteral: "c\($0)") }
    var configuration = EventHub.Configuration()
    configuration.memoryLimit = mebibytes << 20
    configuration.channelDefaults.slowReaders = CommandLine.arguments[3] == "skip" ? .skipToNewest : .disconnect
    let hub = EventHub(channels: names, configuration: configuration)
    let stack = arguments.count == 4 ? CommandLine.arguments[4] : "builtin"
    let server: any StackServer =
      stack == "builtin"
      ? try BuiltIn(EventStreamHandler(hub)) : try await startServer(stack: stack, EventStreamHandler(hub))
    say("listening \(server.port)")
    let data = String(repeating: "x", count: 1000)
    while let line = readLine() {
      guard let rounds = line.split(separator: " ").last.flatMap({ Int($0) }) else { continue }
      for _ in 0..<rounds {
        for name in names.dropLast() { try hub.publish(data, to: name) }
        try await hub.publish(data, to: names[count - 1], waitingUntil: .offered)
      }
      let now = hub.statistics
      let ended = now.streamsEnded.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: " ")
      say("held \(now.retainedBytes) readers \(now.readers) skipped \(now.eventsSkipped) \(ended)")
    }
    await server.stop(drainingOver: .zero)
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}

/// The built-in server.
struct BuiltIn: StackServer {
  private let server: BuiltInServer
  let port: Int

  init(_ handler: EventStreamHandler) throws {
    var listening = BuiltInServer.Configuration()
    listening.maximumConnections = 19_000
    server = BuiltInServer(configuration: listening)
    server.mount(handler, at: "/events/{channel}")
    port = try server.start().port
  }

  func stop(drainingOver window: Duration) async { await server.stop(drainingOver: window) }
}
