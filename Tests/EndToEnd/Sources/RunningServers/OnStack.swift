import EventSourceServer
import StackServer

/// NIO or Hummingbird.
struct OnStack: RunningServer {
  private let server: any StackServer

  init(_ stack: String, _ hub: EventHub, _ streams: EventStreamHandler.Configuration) async throws {
    var streams = streams
    streams.channels = []
    server = try await startServer(stack: stack, EventStreamHandler(hub, configuration: streams))
  }

  var port: Int { server.port }

  func stop() async { await server.stop(drainingOver: .milliseconds(100)) }
}
