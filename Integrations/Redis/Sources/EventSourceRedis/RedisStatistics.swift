/// What a history in Redis has done since it was opened, and how it is.
public struct RedisStatistics: Sendable, Hashable {
  /// Whether every server is connected, for commands and for messages.
  public var isConnected = false
  /// For how long a server has not been connected; nil: all are.
  public var staleFor: Duration?
  /// Batches that were recorded, and the events in them.
  public var batches = 0
  /// Events that were recorded.
  public var events = 0
  /// Batches that were asked again because their answer was lost.
  public var repeatedBatches = 0
  /// Times that an epoch began after which readers are told that events may be missing.
  public var lostTails = 0
  /// Messages that came in.
  public var messages = 0
  /// Times that the servers were asked for past events.
  public var reads = 0
  /// Times that a connection was lost.
  public var lostConnections = 0
  /// Channels that are followed.
  public var followedChannels = 0
  /// Bytes that wait to be sent to a server.
  public var waitingBytes = 0

  init() {}
}
