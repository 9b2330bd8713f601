import EventSourceBuiltInServer
import EventSourceServer

/// The built-in server with two threads.
struct BuiltInStack {
  private let server: BuiltInServer

  init(_ endpoints: Endpoints) {
    var configuration = BuiltInServer.Configuration()
    configuration.threads = 2
    configuration.maximumConnections = 300
    configuration.maximumBufferedBytes = 16 << 20
    configuration.headTimeout = .seconds(2)
    configuration.bodyTimeout = .seconds(3)
    configuration.keepAliveTimeout = .seconds(3)
    configuration.stallTimeout = .seconds(3)
    configuration.sendBufferBytes = 32 << 10
    server = BuiltInServer(configuration: configuration)
    server.mount(endpoints.streams, at: "/events")
    server.mount(endpoints.completeStreams, at: "/all")
    server.mount(endpoints.privateStreams, at: "/private/{channel}")
    server.route("GET", "/ping") { _ in .text("pong") }
    server.route("POST", "/echo") { BuiltInResponse(body: $0.body) }
  }

  /// Serves until SIGTERM.
  func run(whenListening listening: @Sendable (Int) -> Void) async throws {
    try await server.run(draining: .milliseconds(500), stopsOnSignals: true) { listening($0.port) }
  }
}
