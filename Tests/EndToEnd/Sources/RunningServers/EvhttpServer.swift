import CEvhttp
import EventSourceLibevent
import EventSourceServer
import Glibc

/// A program with evhttp, whose loop runs on its own thread.
// Sendable: `base` is used on its own thread. Other threads only wake it, which libevent allows after
// evthread_use_pthreads.
final class EvhttpServer: RunningServer, @unchecked Sendable {
  let port: Int
  private let base: OpaquePointer
  private let http: OpaquePointer
  private let streams: EvhttpEventStreams
  private let stopEvent: UnsafeMutablePointer<event>
  private let ended = AsyncStream<Void>.makeStream()

  init(_ hub: EventHub, _ configuration: EventStreamHandler.Configuration) throws {
    // The first use of the adapter enables libevent's locks, so it must precede the base.
    evthread_use_pthreads()
    base = event_base_new()
    http = evhttp_new(base)
    streams = try EvhttpEventStreams(base: base, hub: hub)
    let bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0)!
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(evhttp_bound_socket_get_fd(bound), $0, &length)
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    stopEvent = event_new(
      base, -1, Int16(EV_PERSIST), { _, _, base in event_base_loopexit(OpaquePointer(base!), nil) },
      UnsafeMutableRawPointer(base))
    event_add(stopEvent, nil)
    try streams.mount(EventStreamHandler(hub, configuration: configuration), on: http, at: "/events/a")
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { server in
        let server = Unmanaged<EvhttpServer>.fromOpaque(server!).takeUnretainedValue()
        event_base_dispatch(server.base)
        event_free(server.stopEvent)
        evhttp_free(server.http)
        server.streams.close()
        event_base_free(server.base)
        server.ended.continuation.finish()
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  func stop() async {
    event_active(stopEvent, 0, 0)
    for await _ in ended.stream {}
  }
}
