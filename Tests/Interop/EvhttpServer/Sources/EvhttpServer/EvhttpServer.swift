import CEvhttp
import EventSourceLibevent
import EventSourceServer
import EventSourceZlib
import Glibc

/// A counterpart of `eventsource serve --replay --gzip` on evhttp. GET /events/news returns the stream. POST
/// /publish/news publishes the body and returns the event's ID. Prints its address, and serves until it is killed.
@main struct EvhttpServer {
  static func main() throws {
    signal(SIGPIPE, SIG_IGN)
    let base = event_base_new()!
    let http = evhttp_new(base)!

    var configuration = EventHub.Configuration()
    configuration.retention = Retention(maximumBytes: 16 << 20)
    let hub = EventHub(configuration: configuration)
    hub.openChannel("news")
    var endpoint = EventStreamHandler.Configuration()
    endpoint.channels = ["news"]
    endpoint.replaysToNewReaders = true
    endpoint.reconnectionTime = .milliseconds(100)
    endpoint.compression = EventStreamCompression(ZlibCompressor())
    let streams = try EvhttpEventStreams(base: base, hub: hub)
    try streams.mount(EventStreamHandler(hub, configuration: endpoint), on: http, at: "/events/news")
    let context = Unmanaged.passUnretained(hub).toOpaque()
    evhttp_set_cb(http, "/publish/news", { request, hub in EvhttpServer.publish(request, hub) }, context)

    let bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0)!
    print("Listening on http://127.0.0.1:\(port(of: bound))")
    fflush(nil)
    withExtendedLifetime((hub, streams)) { _ = event_base_dispatch(base) }
  }

  private static func publish(_ request: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
    let hub = Unmanaged<EventHub>.fromOpaque(context!).takeUnretainedValue()
    let input = evhttp_request_get_input_buffer(request)
    var bytes = [UInt8](repeating: 0, count: evbuffer_get_length(input))
    evbuffer_copyout(input, &bytes, bytes.count)
    let answer: String
    do {
      answer = "\(try hub.publish(String(decoding: bytes, as: UTF8.self), to: "news"))\n"
    } catch {
      answer = "\(error)\n"
    }
    let output = evbuffer_new()
    evbuffer_add(output, answer, answer.utf8.count)
    evhttp_send_reply(request, 202, nil, output)
    evbuffer_free(output)
  }

  private static func port(of bound: OpaquePointer) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(evhttp_bound_socket_get_fd(bound), $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
