import EventSourceServer

/// A server with one mounted handler, on a port of 127.0.0.1 that the system has chosen.
package protocol RunningServer {
  var port: Int { get }
  func stop() async
}

/// Starts the stack of this name, with the streams at `/events/a`.
package func startServer(
  _ stack: String, _ hub: EventHub, _ streams: EventStreamHandler.Configuration
) async throws -> any RunningServer {
  switch stack {
  case "builtin": try BuiltIn(hub, streams)
  case "evhttp": try EvhttpServer(hub, streams)
  default: try await OnStack(stack, hub, streams)
  }
}
