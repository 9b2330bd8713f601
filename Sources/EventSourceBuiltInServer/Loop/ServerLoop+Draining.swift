import EventSourceServer
import Synchronization

extension ServerLoop {
  /// The additional time after the window for unfinished responses and for peers that do not close.
  static let drainGrace = Duration.seconds(1)
  /// The time that a connection without any bytes gets to send its request.
  private static let firstWordGrace = Duration.milliseconds(100)

  /// The maximum number of accept rounds at a stop: more than the kernel's queue needs, and bounded if clients keep
  /// connecting.
  private static let roundsOfLastAccepts = 128

  /// Whether the server is stopping: every response closes its connection.
  var isDraining: Bool { drainEnd != nil }

  /// Whether a stop was requested, and either nothing is left or the time is up.
  ///
  /// Another loop could still hand over a connection, so this closes the mailbox.
  var isDrained: Bool {
    guard let drainEnd else { return false }
    return now >= drainEnd || connections.count == 0 && handle.mailbox.closeIfEmpty()
  }

  /// Accepts no more connections, and lets the existing ones end. A second call can only shorten the window of the
  /// first.
  func drain(over window: Duration) {
    let window = window.bounded
    let end = now + window + Self.drainGrace
    guard drainEnd.map({ end < $0 }) ?? true else { return }
    drainEnd = end
    // Closing the listening socket would reset connections in the kernel's queue.
    for index in listeners.indices {
      for _ in 0..<Self.roundsOfLastAccepts where !accept(from: index) { break }
    }
    stopListening()
    forEachLane { $0.drain(over: window) }
    for connection in connections.all {
      if connection.phase == .lingering {
        setTimer(connection, after: Connection.drainLingerTimeout)
      } else if connection.isIdle, connection.hasServed {
        connection.close()
      } else if connection.isIdle {
        setTimer(connection, after: Self.firstWordGrace)
      }
    }
  }

  /// Ends the remaining connections. The loop does nothing after that.
  func finish() {
    forEachLane { $0.close() }
    stopListening()
    for connection in connections.all { connection.close() }
    handle.mailbox.close()
  }

  private func stopListening() {
    acceptsAgainAt = nil
    unwatchListeners()
    listeners = []
  }
}
