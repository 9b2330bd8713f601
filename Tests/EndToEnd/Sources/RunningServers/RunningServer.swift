import EventSourceServer

/// A server with one mounted handler, on a port of 127.0.0.1 that the system has chosen.
package protocol RunningServer {
  var port: Int { get }
  func stop() async
}

/// Starts the stack of this name, with the streams at `/events/a`.
package func startServer(
  _ stack: some StringProtocol, _ hub: EventHub, _ streams: EventStreamHandler.Configuration
) throws -> any RunningServer {
  stack == "evhttp" ? try EvhttpServer(hub, streams) : try BuiltIn(hub, streams)
}
