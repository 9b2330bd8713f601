import CLibevent
import EventSourceLibevent
import EventSourceServer
import EventSourceTesting
import Glibc
import Synchronization

/// An evhttp server in a thread of its own, as a program of somebody's would have it.
final class EvhttpServer: RunningAdapter, @unchecked Sendable {
  // Sendable, because `base` is the only thing that other threads use, and libevent was told of threads; the rest
  // belongs to the base's thread once that runs.
  private let base: OpaquePointer
  private let http: OpaquePointer
  private let streams: EvhttpEventStreams
  private let handler: EventStreamHandler
  let port: Int
  private var thread = pthread_t()
  private let stopping = Mutex(false)
  private var stopBy: Duration = .zero

  init(_ handler: EventStreamHandler) throws {
    evthread_use_pthreads()
    // As every program with libevent does, which writes to sockets that may be closed.
    signal(SIGPIPE, SIG_IGN)
    base = event_base_new()
    http = evhttp_new(base)
    evhttp_set_allowed_methods(http, UInt16(0x1FF))
    self.handler = handler
    streams = try EvhttpEventStreams(base: base, hub: handler.hub)
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
      }, nil)
    evhttp_set_gencb(
      http,
      { request, argument in
        let server = Unmanaged<EvhttpServer>.fromOpaque(argument!).takeUnretainedValue()
        if !server.streams.serve(request!, with: server.handler, at: "/events/{channel}") {
          evhttp_send_error(request, 404, nil)
        }
      }, Unmanaged.passUnretained(self).toOpaque())
    pthread_create(
      &thread, nil,
      { argument in
        event_base_dispatch(Unmanaged<EvhttpServer>.fromOpaque(argument!).takeUnretainedValue().base)
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Runs something on the base's thread.
  private func onLoop(_ callback: @escaping event_callback_fn) {
    event_base_once(base, -1, Int16(EV_TIMEOUT), callback, Unmanaged.passUnretained(self).toOpaque(), nil)
  }

  func stop(draining window: Duration) async {
    let isFirst = stopping.withLock { stopping in
      defer { stopping = true }
      return !stopping
    }
    if isFirst {
      stopBy = window + .seconds(2)
      drainWindow = window
      onLoop { _, _, argument in
        let server = Unmanaged<EvhttpServer>.fromOpaque(argument!).takeUnretainedValue()
        server.streams.drain(over: server.drainWindow)
        server.started = ContinuousClock.now
        server.finishWhenIdle()
      }
    }
    await withCheckedContinuation { continuation in
      let isDone = ending.withLock { ending in
        if !ending.isDone { ending.waiting.append(continuation) }
        return ending.isDone
      }
      if isDone { continuation.resume() }
    }
  }

  private struct Ending {
    var isDone = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private var drainWindow: Duration = .zero
  private var started = ContinuousClock.now
  private let ending = Mutex(Ending())

  /// On the base's thread, again and again until there are no streams or the time is over.
  private func finishWhenIdle() {
    guard streams.readerCount == 0 || ContinuousClock.now - started > stopBy else {
      var moment = timeval(tv_sec: 0, tv_usec: 2000)
      event_base_once(
        base, -1, Int16(EV_TIMEOUT),
        { _, _, argument in Unmanaged<EvhttpServer>.fromOpaque(argument!).takeUnretainedValue().finishWhenIdle() },
        Unmanaged.passUnretained(self).toOpaque(), &moment)
      return
    }
    streams.close()
    evhttp_free(http)
    event_base_loopexit(base, nil)
    Thread.detach {
      pthread_join(self.thread, nil)
      event_base_free(self.base)
      let waiting = self.ending.withLock { ending in
        ending.isDone = true
        return ending.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }
}

/// A thread for a closure.
enum Thread {
  static func detach(_ body: @escaping @Sendable () -> Void) {
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
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(thread)
  }
}

struct EvhttpHarness: AdapterHarness {
  func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter { try EvhttpServer(handler) }
}
