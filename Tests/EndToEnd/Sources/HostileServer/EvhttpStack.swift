import CEvhttp
import EventSourceLibevent
import EventSourceServer
import Foundation

/// A program with evhttp, its loop in a thread of its own.
// Sendable: everything is used by that thread once it runs.
final class EvhttpStack: @unchecked Sendable {
  private let base: OpaquePointer
  private let http: OpaquePointer
  private let streams: EvhttpEventStreams
  private let endpoints: Endpoints
  private let ended = AsyncStream<Void>.makeStream()

  init(_ endpoints: Endpoints) throws {
    self.endpoints = endpoints
    base = event_base_new()
    http = evhttp_new(base)
    streams = try EvhttpEventStreams(base: base, hub: endpoints.streams.hub)
    evhttp_set_timeout(http, 3)
    evhttp_set_max_headers_size(http, 16 << 10)
    evhttp_set_max_body_size(http, 1 << 20)
    let methods = EVHTTP_REQ_GET.rawValue | EVHTTP_REQ_HEAD.rawValue | EVHTTP_REQ_POST.rawValue
    evhttp_set_allowed_methods(http, UInt16(methods | EVHTTP_REQ_OPTIONS.rawValue))
    try streams.mount(endpoints.streams, on: http, at: "/events")
    try streams.mount(endpoints.completeStreams, on: http, at: "/all")
  }

  /// Serves until SIGTERM.
  func run(whenListening listening: @Sendable (Int) -> Void) async throws {
    let argument = Unmanaged.passUnretained(self).toOpaque()
    evhttp_set_cb(http, "/ping", { request, _ in EvhttpStack.answer(request!, "pong") }, nil)
    evhttp_set_cb(
      http, "/echo",
      { request, _ in evhttp_send_reply(request, HTTP_OK, "OK", evhttp_request_get_input_buffer(request)) }, nil)
    evhttp_set_gencb(
      http,
      { request, argument in
        let stack = Unmanaged<EvhttpStack>.fromOpaque(argument!).takeUnretainedValue()
        if stack.streams.serve(request!, with: stack.endpoints.privateStreams, at: "/private/{channel}") { return }
        evhttp_send_error(request, HTTP_NOTFOUND, nil)
      }, argument)
    guard let bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0) else { throw NoSocket() }
    var bytes: Int32 = 32 << 10
    setsockopt(evhttp_bound_socket_get_fd(bound), SOL_SOCKET, SO_SNDBUF, &bytes, 4)
    let terminated = event_new(
      base, SIGTERM, Int16(EV_SIGNAL | EV_PERSIST),
      { _, _, argument in
        let stack = Unmanaged<EvhttpStack>.fromOpaque(argument!).takeUnretainedValue()
        stack.streams.drain(over: .milliseconds(500)) { event_base_loopexit(stack.base, nil) }
      }, argument)
    event_add(terminated, nil)
    nonisolated(unsafe) let signal = terminated
    listening(Self.port(of: bound))
    Thread.detachNewThread { [self] in
      event_base_dispatch(base)
      event_free(signal)
      evhttp_free(http)
      streams.close()
      event_base_free(base)
      ended.continuation.finish()
    }
    for await _ in ended.stream {}
  }

  private struct NoSocket: Error {}

  private static func answer(_ request: OpaquePointer, _ text: String) {
    let body = evbuffer_new()
    evbuffer_add(body, text, text.utf8.count)
    evhttp_send_reply(request, HTTP_OK, "OK", body)
    evbuffer_free(body)
  }

  private static func port(of bound: OpaquePointer) -> Int {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(evhttp_bound_socket_get_fd(bound), $0, &length)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
