import EventSourceServer
import EventSourceTesting
import Foundation
import Synchronization
import TinyEventStreams
import TinyHTTP

/// A server on a thread of its own, for the contract.
// Sendable, because everything but the server's `async` is used on that thread alone.
final class RunningServer: RunningAdapter, @unchecked Sendable {
  private let server: TinyServer
  private let streams: EventStreams
  private let ending = Mutex<(isAsked: Bool, isDone: Bool, waiting: [CheckedContinuation<Void, Never>])>(
    (false, false, []))

  var port: Int { server.port }

  init(_ handler: EventStreamHandler) throws {
    let server = try TinyServer()
    let streams = EventStreams(server, hub: handler.hub)
    self.server = server
    self.streams = streams
    server.onRequest = { request, connection in
      if !streams.serve(request, on: connection, with: handler, at: "/events/{channel}") { connection.abort() }
    }
    Thread.detachNewThread { [self] in
      server.run()
      let waiting = ending.withLock { ending in
        ending.isDone = true
        return ending.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }

  func stop(draining window: Duration) async {
    let isFirst = ending.withLock { ending in
      defer { ending.isAsked = true }
      return !ending.isAsked
    }
    if isFirst { server.async { [self] in drain(over: window) } }
    await withCheckedContinuation { continuation in
      let isDone = ending.withLock { ending in
        if !ending.isDone { ending.waiting.append(continuation) }
        return ending.isDone
      }
      if isDone { continuation.resume() }
    }
  }

  /// The server's thread: ends when nothing is open, or two seconds after the window.
  private func drain(over window: Duration) {
    streams.drain(over: window)
    server.drain()
    let deadline = ContinuousClock.now + window + .seconds(2)
    let run = server.beforePoll
    server.beforePoll = { [self] in
      let next = run()
      if streams.readerCount == 0 && !server.isBusy || ContinuousClock.now > deadline {
        streams.close()
        server.stop()
        return .zero
      }
      return min(next ?? .milliseconds(50), .milliseconds(50))
    }
  }
}
