import EventSourceBuiltInServer
import EventSourceSQLite
import EventSourceServer
import Glibc

/// The server that `Tests/Proxies` puts behind proxies.
///
///     ProxiedServer PORT FILE FIELD CHANNEL ...
///
/// `GET /events/{channel}` streams with the package's defaults, and `GET /events/silent/{channel}` without heartbeats.
/// `POST /publish/{channel}` publishes the body and returns the event's ID. The history of every channel is in FILE.
/// The program trusts proxies on 127.0.0.1 that name the reader's address in FIELD: `Forwarded` or `X-Forwarded-For`.
///
/// It prints its address, then the access record of each stream that has ended, as JSON. SIGTERM drains the streams
/// for a second. If systemd, or the test in its place, has opened the port, the program listens there.
@main struct ProxiedServer {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count > 3, let port = Int(arguments[1]) else {
      print("usage: ProxiedServer PORT FILE FIELD CHANNEL ...")
      exit(64)
    }
    let repository = try SQLiteEventRepository(path: arguments[2])
    let hub = EventHub()
    for name in arguments[4...] { hub.register(repository, for: try ChannelName(name)) }

    var configuration = BuiltInServer.Configuration()
    configuration.port = port
    configuration.listeningDescriptor = BuiltInServer.Configuration.systemdDescriptor
    configuration.trustedProxies = TrustedProxies(
      [try AddressRange("127.0.0.1")], field: arguments[3] == "Forwarded" ? .forwarded : .xForwardedFor)
    let server = BuiltInServer(configuration: configuration) { if $0.isStream { say($0.json) } }
    mount(hub, on: server)
    try await server.run(draining: .seconds(1), stopsOnSignals: true) { say("Listening on \($0.url)") }
    await repository.close()
  }

  private static func mount(_ hub: EventHub, on server: BuiltInServer) {
    var streams = EventStreamHandler.Configuration()
    streams.reconnectionTime = .milliseconds(500)
    server.mount(EventStreamHandler(hub, configuration: streams), at: "/events/{channel}")
    streams.heartbeatInterval = nil
    server.mount(EventStreamHandler(hub, configuration: streams), at: "/events/silent/{channel}")
    server.route("POST", "/publish/{channel}") { request in
      let name = try ChannelName(request.pathParameters["channel"] ?? "")
      return .text(try await hub.publish(request.text, to: name, awaiting: .published).description)
    }
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}
