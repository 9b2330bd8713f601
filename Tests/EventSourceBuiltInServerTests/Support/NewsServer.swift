import EventSourceBuiltInServer
import EventSourceServer

/// A hub with the channel `news`, for servers that also have the test routes.
struct NewsServer: Sendable {
  let hub = EventHub(channels: ["news"])

  /// Mounts the hub, and adds the test routes.
  func mount(_ server: BuiltInServer) {
    server.mount(EventStreamHandler(hub), at: "/events/{channel}")
    addTestRoutes(server)
  }

  func readers(become count: Int) async -> Bool {
    let hub = hub
    return await eventually { hub.statistics.readers == count }
  }
}
