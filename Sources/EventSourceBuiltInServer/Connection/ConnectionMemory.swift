import Synchronization

/// How many bytes all connections of a server hold together for requests that are being read and responses that are
/// not yet sent, without those of the hubs' logs.
final class ConnectionMemory: Sendable {
  private let limit: Int
  private let bytes = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  /// How much is held.
  var retainedBytes: Int { bytes.load(ordering: .relaxed) }

  /// Charges a connection with what it holds; false if it holds more than before and there is no room for that. On the
  /// connection's thread.
  func account(for connection: Connection) -> Bool {
    let held = UInt32(clamping: connection.retainedBytes)
    guard held != connection.chargedBytes else { return true }
    let change = Int(held) - Int(connection.chargedBytes)
    connection.chargedBytes = held
    let sum = bytes.add(change, ordering: .relaxed).newValue
    return change < 0 || sum <= limit
  }

  /// The connection has been closed.
  func release(_ connection: Connection) {
    bytes.subtract(Int(connection.chargedBytes), ordering: .relaxed)
    connection.chargedBytes = 0
  }
}
