import CLibevent
import EventSourceLibevent
import EventSourceServer
import EventSourceTesting
import Synchronization

/// Starts an evhttp program whose general callback serves the handler.
struct EvhttpHarness: AdapterHarness {
  func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter { try EvhttpServer(handler) }
}

/// An evhttp program with event streams, for the contract.
// Sendable, because `streams` belongs to the base's thread after `init`, and `ending` has a lock.
final class EvhttpServer: RunningAdapter, @unchecked Sendable {
  private struct Ending {
    var isAsked = false
    var isDone = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let program: EvhttpProgram
  private let streams: EvhttpEventStreams
  private let ending = Mutex(Ending())

  var port: Int { program.port }

  init(_ handler: EventStreamHandler) throws {
    let program = try EvhttpProgram()
    let streams = try EvhttpEventStreams(base: program.base, hub: handler.hub)
    program.general = { request in
      if !streams.serve(request, with: handler, at: "/events/{channel}") { evhttp_send_error(request, 404, nil) }
    }
    self.program = program
    self.streams = streams
    program.start()
  }

  func stop(drainingOver window: Duration) async {
    let isFirst = ending.withLock { ending in
      defer { ending.isAsked = true }
      return !ending.isAsked
    }
    if isFirst {
      program.onLoop {
        self.streams.drain(over: window)
        self.finish(by: .now + window + .seconds(2))
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

  /// Runs on the base's thread. Ends when nothing is open, or at the deadline.
  private func finish(by deadline: ContinuousClock.Instant) {
    guard streams.readerCount == 0 || ContinuousClock.now > deadline else {
      return program.onLoop(after: 2) { self.finish(by: deadline) }
    }
    streams.close()
    program.general = nil
    program.finish {
      let waiting = self.ending.withLock { ending in
        ending.isDone = true
        return ending.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }
}
