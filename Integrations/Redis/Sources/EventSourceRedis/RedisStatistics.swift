/// Counts since a history in Redis was opened, and its current state.
public struct RedisStatistics: Sendable, Hashable {
  /// Whether every server is connected, for commands and for messages.
  public var isConnected = false
  /// The time for which a server has been disconnected. `nil` if all are connected.
  public var staleFor: Duration?
  /// Recorded batches.
  public var batches = 0
  /// Recorded events.
  public var events = 0
  /// Batches that were sent again because their reply was lost.
  public var repeatedBatches = 0
  /// New epochs after which readers get a gap event, because events may be missing.
  public var lostTails = 0
  /// Received messages.
  public var messages = 0
  /// Requests for past events.
  public var reads = 0
  /// Lost connections.
  public var lostConnections = 0
  /// Followed channels.
  public var followedChannels = 0
  /// Bytes waiting to be sent to a server.
  public var waitingBytes = 0

  init() {}
}
