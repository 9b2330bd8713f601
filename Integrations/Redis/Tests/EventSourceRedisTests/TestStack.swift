import EventSourceServer
import EventSourceTesting
import Foundation
import Synchronization

/// A simulated stack that its own thread runs in real time.
// Sendable, because everything is confined to the thread, except the requests, which a lock guards.
final class TestStack: @unchecked Sendable {
  /// Sends a request through the stack. Called on the thread.
  typealias Send = @Sendable (SimulatedStack) -> SimulatedStack.Connection

  private let requests = Mutex<[(send: Send, reader: TestReader)]>([])
  private let isOver = Atomic(false)
  private let hub: EventHub

  init(_ hub: EventHub) {
    self.hub = hub
    Thread { [self] in run() }.start()
  }

  /// Opens a stream and passes on to the reader what it receives.
  func connect(_ reader: TestReader, _ send: @escaping Send) { requests.withLock { $0.append((send, reader)) } }

  func end() { isOver.store(true, ordering: .relaxed) }

  private func run() {
    let stack = SimulatedStack(hub: hub)
    var open: [(connection: SimulatedStack.Connection, reader: TestReader)] = []
    let begin = ContinuousClock.now
    while !isOver.load(ordering: .relaxed) {
      let new = requests.withLock { requests in
        defer { requests = [] }
        return requests
      }
      for request in new { open.append((request.send(stack), request.reader)) }
      stack.clock.advance(to: ContinuousClock.now - begin)
      stack.run()
      for (connection, reader) in open {
        reader.add(
          connection.response.takeBody(), hasHead: connection.response.head?.status == 200,
          hasEnded: connection.isFinished)
      }
      // The thread has nothing to wait on, so it polls the stack.
      var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
      nanosleep(&pause, nil)
    }
    stack.lane.close()
  }
}
