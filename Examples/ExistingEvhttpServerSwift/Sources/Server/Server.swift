import CEvhttp
import EventSourceLibevent
import EventSourceServer
import Glibc

/// A typical evhttp program: two routes, a timer, and a clean end on SIGINT or SIGTERM. Event streams take five lines:
/// four create them and publish, and one closes them before the base is freed.
@main
struct Program {
  static func main() throws {
    signal(SIGPIPE, SIG_IGN)
    let base = event_base_new()!
    let http = evhttp_new(base)!
    let clock = Clock()
    let context = Unmanaged.passUnretained(clock).toOpaque()
    evhttp_set_cb(http, "/", { request, _ in Program.answer(request, Program.page, type: "text/html") }, nil)
    evhttp_set_cb(http, "/ticks", { request, clock in Program.answer(request, Clock.of(clock).text) }, context)

    // The event streams.
    let hub = EventHub(channels: ["ticks"])
    let streams = try EvhttpEventStreams(base: base, hub: hub)
    try streams.mount(EventStreamHandler(hub), on: http, at: "/events")
    clock.onTick = { text in _ = try? hub.publish(text, to: "ticks") }

    let port = CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 8080
    guard let bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", port) else {
      perror("port \(port) is not available")
      exit(1)
    }
    print("http://127.0.0.1:\(Self.port(of: bound))")
    fflush(nil)
    let stop: event_callback_fn = { _, _, base in event_base_loopexit(OpaquePointer(base!), nil) }
    let interrupted = event_new(base, SIGINT, Int16(EV_SIGNAL | EV_PERSIST), stop, UnsafeMutableRawPointer(base))
    let terminated = event_new(base, SIGTERM, Int16(EV_SIGNAL | EV_PERSIST), stop, UnsafeMutableRawPointer(base))
    let timer = event_new(base, -1, Int16(EV_PERSIST), { _, _, clock in Clock.of(clock).tick() }, context)
    event_add(interrupted, nil)
    event_add(terminated, nil)
    var second = timeval(tv_sec: 1, tv_usec: 0)
    event_add(timer, &second)
    withExtendedLifetime(clock) { _ = event_base_dispatch(base) }

    for event in [interrupted, terminated, timer] { event_free(event) }
    evhttp_free(http)
    streams.close()
    event_base_free(base)
  }

  /// Counts seconds, on the base's thread.
  private final class Clock {
    private(set) var text = "0"
    private var seconds = 0
    var onTick: (String) -> Void = { _ in }

    func tick() {
      seconds += 1
      text = "\(seconds)"
      onTick(text)
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> Clock {
      Unmanaged<Clock>.fromOpaque(context!).takeUnretainedValue()
    }
  }

  private static let page = """
    <!DOCTYPE html><title>Ticks</title>
    <h1>This program has run for <output>some</output> seconds</h1>
    <script>new EventSource('/events?channel=ticks').onmessage = ({data}) =>
      document.querySelector('output').value = data</script>
    """

  private static func answer(_ request: OpaquePointer?, _ text: String, type: String = "text/plain") {
    let body = evbuffer_new()
    evbuffer_add(body, text, text.utf8.count)
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type)
    evhttp_send_reply(request, HTTP_OK, "OK", body)
    evbuffer_free(body)
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
