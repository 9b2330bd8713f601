import Synchronization

/// The total bytes that all connections of a server hold for requests being read and responses being sent, without
/// those of the hubs' logs.
final class ConnectionMemory: Sendable {
  private let limit: Int
  private let bytes = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  /// The current total.
  var retainedBytes: Int { bytes.load(ordering: .relaxed) }

  /// Charges a connection with the bytes that it holds. Call this on the connection's thread.
  ///
  /// - Returns: `false` if the connection holds more than before and the limit does not allow it.
  func account(for connection: Connection) -> Bool {
    let held = UInt32(clamping: connection.retainedBytes)
    guard held != connection.chargedBytes else { return true }
    let change = Int(held) - Int(connection.chargedBytes)
    connection.chargedBytes = held
    let sum = bytes.add(change, ordering: .relaxed).newValue
    return change < 0 || sum <= limit
  }

  /// Releases the bytes of a closed connection.
  func release(_ connection: Connection) {
    bytes.subtract(Int(connection.chargedBytes), ordering: .relaxed)
    connection.chargedBytes = 0
  }
}
