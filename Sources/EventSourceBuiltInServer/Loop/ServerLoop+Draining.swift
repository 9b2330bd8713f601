import EventSourceServer
import Synchronization

extension ServerLoop {
  /// How much longer than the window an unfinished response or a peer that does not close is waited for.
  static let drainGrace = Duration.seconds(1)
  /// How long a connection that has not said anything yet is given to do so.
  private static let firstWordGrace = Duration.milliseconds(100)

  /// How often connections are accepted at a stop: for more than the kernel's queue has, and not for ever, whoever goes
  /// on connecting.
  private static let roundsOfLastAccepts = 128

  /// Whether the server is stopping: every response closes its connection.
  var isDraining: Bool { drainEnd != nil }

  /// Whether a stop has been asked for, and nothing is left or its time is up.
  ///
  /// Nothing is left only when no other loop can hand a connection over any more, so the mailbox is closed in passing.
  var isDrained: Bool {
    guard let drainEnd else { return false }
    return now >= drainEnd || connections.count == 0 && handle.mailbox.closeIfEmpty()
  }

  /// Takes no more connections, and lets those there are come to their end. A second call can only shorten the first.
  func drain(over window: Duration) {
    let window = window.bounded
    let end = now + window + Self.drainGrace
    guard drainEnd.map({ end < $0 }) ?? true else { return }
    drainEnd = end
    // A connection in the kernel's queue would be reset when the listening socket closes.
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

  /// Ends what is left; the loop does nothing more.
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
