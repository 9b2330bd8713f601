import BenchSupport
import CEvhttp
import EventSourceLibevent
import EventSourceServer
import Glibc

/// Serves with libevent's evhttp, with an event base and a server per thread, until the process is killed. The kernel
/// distributes the connections.
struct EvhttpStack {
  let options: Options
  let handlers: Handlers
  let publisher: Publisher

  func run() throws {
    let sockets = try (0..<options.threads).map { _ in try listen() }
    print("bench-server: evhttp, \(options.threads) threads, http://127.0.0.1:\(options.port)")
    fflush(nil)
    for socket in sockets.dropFirst() {
      let copy = self
      startThread { copy.serve(socket) }
    }
    serve(sockets[0], timer: publisher.timer)
  }

  /// One thread's part.
  ///
  /// - Parameter timer: A timer that also runs on the thread's base.
  private func serve(_ socket: Int32, timer: LoopTimer? = nil) {
    guard let base = event_base_new(), let http = evhttp_new(base) else { fatalError("bench-server: no event base") }
    do {
      let streams = try EvhttpEventStreams(base: base, hub: handlers.named.hub)
      try streams.mount(handlers.all, on: http, at: "/stream")
      try streams.mount(handlers.heartbeats, on: http, at: "/heartbeats")
      let thread = Thread(streams: streams, handler: handlers.named, publisher: publisher)
      evhttp_set_gencb(
        http,
        { request, argument in
          Unmanaged<Thread>.fromOpaque(argument!).takeUnretainedValue().answer(request!)
        }, Unmanaged.passUnretained(thread).toOpaque())
      guard evhttp_accept_socket(http, socket) == 0 else { fatalError("bench-server: evhttp_accept_socket") }
      timer?.start(on: base)
      withExtendedLifetime(thread) { _ = event_base_dispatch(base) }
      evhttp_free(http)
      streams.close()
      event_base_free(base)
    } catch {
      fatalError("bench-server: \(error)")
    }
  }

  /// The data of a thread's general callback.
  private final class Thread {
    let streams: EvhttpEventStreams
    let handler: EventStreamHandler
    let publisher: Publisher

    init(streams: EvhttpEventStreams, handler: EventStreamHandler, publisher: Publisher) {
      self.streams = streams
      self.handler = handler
      self.publisher = publisher
    }

    func answer(_ request: OpaquePointer) {
      if streams.serve(request, with: handler, at: "/stream/{channel}") { return }
      let parts = String(cString: evhttp_request_get_uri(request)).split(separator: "?", maxSplits: 1)
      switch parts.first {
      case "/publish":
        publisher.start(Publisher.Job(query: parts.count == 2 ? String(parts[1]) : ""))
        send("publishing\n", to: request)
      case "/ok": send("ok\n", to: request)
      case "/stats": send(publisher.statistics, to: request)
      default: evhttp_send_error(request, 404, nil)
      }
    }

    private func send(_ text: String, to request: OpaquePointer) {
      let body = evbuffer_new()
      evbuffer_add(body, text, text.utf8.count)
      evhttp_send_reply(request, HTTP_OK, "OK", body)
      evbuffer_free(body)
    }
  }

  private struct SocketError: Error { let call: String, code: Int32 }

  private func listen() throws -> Int32 {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard number >= 0 else { throw SocketError(call: "socket", code: errno) }
    var one: Int32 = 1
    for option in [SO_REUSEADDR, SO_REUSEPORT] { setsockopt(number, SOL_SOCKET, option, &one, socklen_t(4)) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = options.port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0, Glibc.listen(number, 4096) == 0 else { throw SocketError(call: "bind", code: errno) }
    return number
  }
}
