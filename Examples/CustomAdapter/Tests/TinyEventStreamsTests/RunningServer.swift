import EventSourceServer
import EventSourceTesting
import Foundation
import TinyEventStreams
import TinyHTTP

/// A server on its own thread, for the contract.
// Sendable, because everything except the server's `async` is used on the server's thread only.
final class RunningServer: RunningAdapter, @unchecked Sendable {
  let port: Int
  private let server: TinyServer
  private let streams: EventStreams
  /// Is over when the server's thread has ended.
  private let serving: Task<Void, Never>
  private var isDraining = false

  init(_ handler: EventStreamHandler) throws {
    let server = try TinyServer()
    let streams = EventStreams(server, hub: handler.hub)
    server.onRequest = { request, connection in
      if !streams.serve(request, on: connection, with: handler, at: "/events/{channel}") { connection.abort() }
    }
    self.server = server
    self.streams = streams
    port = server.port
    serving = Task {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          server.run()
          continuation.resume()
        }
      }
    }
  }

  /// Any number of calls, also at the same time. Each returns when the server has ended, even in a cancelled task.
  func stop(drainingOver window: Duration) async {
    server.async { [weak self] in self?.drain(over: window) }
    await serving.value
  }

  /// Runs on the server's thread. The server ends when no stream is open and no byte waits, or two seconds after the
  /// window.
  private func drain(over window: Duration) {
    guard !isDraining else { return }
    isDraining = true
    streams.drain(over: window)
    server.drain()
    let deadline = ContinuousClock.now + window + .seconds(2)
    let run = server.beforePoll
    server.beforePoll = { [server, streams] in
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
