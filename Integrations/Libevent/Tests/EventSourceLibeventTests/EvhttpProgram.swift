import CLibevent
import EventSourceServer
import Glibc
import Synchronization

/// An existing program with an evhttp server on its own thread and a route of its own.
final class EvhttpProgram: @unchecked Sendable {
  typealias ConnectionMaker =
    @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> UnsafeMutablePointer<bufferevent>?

  // Sendable, because after `init` other threads use only `jobs`, and `base` through a function that libevent makes
  // thread-safe. Everything else belongs to the base's thread.
  let base: OpaquePointer
  private(set) var http: OpaquePointer?
  let port: Int
  /// Handles requests without a callback of their own. `nil` responds with 404.
  var general: ((OpaquePointer) -> Void)?
  private var thread = pthread_t()
  private let jobs = Mutex<[@Sendable () -> Void]>([])

  /// - Parameter connections: Creates the bufferevents of the server's connections. `nil` leaves that to evhttp.
  init(connections: ConnectionMaker? = nil) throws {
    evthread_use_pthreads()
    // Every program with libevent needs this, because it may write to sockets that the peer has closed.
    signal(SIGPIPE, SIG_IGN)
    base = event_base_new()
    let http = evhttp_new(base)
    self.http = http
    evhttp_set_allowed_methods(http, UInt16(0x1FF))
    if let connections { evhttp_set_bevcb(http, connections, nil) }
    let bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0)
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(evhttp_bound_socket_get_fd(bound), $0, &length)
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    evhttp_set_cb(
      http, "/hello",
      { request, _ in
        let body = evbuffer_new()
        evbuffer_add(body, "hello\n", 6)
        evhttp_send_reply(request, 200, "OK", body)
        evbuffer_free(body)
      }, nil
    )
    evhttp_set_gencb(
      http,
      { request, argument in
        let program = Unmanaged<EvhttpProgram>.fromOpaque(argument!).takeUnretainedValue()
        if let general = program.general { general(request!) } else { evhttp_send_error(request, 404, nil) }
      }, Unmanaged.passUnretained(self).toOpaque()
    )
  }

  /// Runs the base's loop on a thread.
  func start() {
    pthread_create(
      &thread, nil,
      { argument in
        let program = Unmanaged<EvhttpProgram>.fromOpaque(argument!).takeUnretainedValue()
        event_base_loop(program.base, Int32(EVLOOP_NO_EXIT_ON_EMPTY))
        return nil
      }, Unmanaged.passUnretained(self).toOpaque()
    )
  }

  /// Runs a job on the base's thread after a delay.
  func onLoop(after milliseconds: Int = 0, _ job: @escaping @Sendable () -> Void) {
    jobs.withLock { $0.append(job) }
    var time = timeval(tv_sec: 0, tv_usec: milliseconds * 1000)
    event_base_once(
      base, -1, Int16(EV_TIMEOUT),
      { _, _, argument in
        let program = Unmanaged<EvhttpProgram>.fromOpaque(argument!).takeUnretainedValue()
        // Jobs run in order. It does not matter whose timer fired.
        program.jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
      }, Unmanaged.passUnretained(self).toOpaque(), &time
    )
  }

  /// Runs a job on the base's thread and returns its result.
  func doOnLoop<Result: Sendable>(_ job: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in onLoop { continuation.resume(returning: job()) } }
  }

  /// Call this on the base's thread.
  func freeServer() {
    if let http { evhttp_free(http) }
    http = nil
  }

  /// Call this on the base's thread, last. `then` is called when the thread has ended and the base is freed.
  func finish(_ then: @escaping @Sendable () -> Void) {
    freeServer()
    event_base_loopexit(base, nil)
    startThread {
      pthread_join(self.thread, nil)
      event_base_free(self.base)
      then()
    }
  }
}

/// Calls a closure on a new thread.
private func startThread(_ body: @escaping @Sendable () -> Void) {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  pthread_create(
    &thread, nil,
    { argument in
      Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
      return nil
    }, Unmanaged.passRetained(Box(body)).toOpaque()
  )
  pthread_detach(thread)
}
