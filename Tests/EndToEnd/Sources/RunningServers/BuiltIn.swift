import EventSourceBuiltInServer
import EventSourceServer

/// The built-in server with two threads.
struct BuiltIn: RunningServer {
  private let server: BuiltInServer
  let port: Int

  init(_ hub: EventHub, _ streams: EventStreamHandler.Configuration) throws {
    var configuration = BuiltInServer.Configuration()
    configuration.threads = 2
    server = BuiltInServer(configuration: configuration)
    server.mount(EventStreamHandler(hub, configuration: streams), at: "/events/a")
    port = try server.start().port
  }

  func stop() async { await server.stop(drainingOver: .milliseconds(100)) }
}
