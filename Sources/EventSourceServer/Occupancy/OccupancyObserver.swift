/// Told when a channel gets its first reader, when its last one has left, and of every reader that comes and goes.
///
/// Given to a hub as ``EventHub/Configuration/occupancyObservers``. Each observer is called from a task of the hub, on
/// its ``EventHub/Configuration/taskExecutor``, outside every lock, with one change after the other in the order in
/// which they happened; the next one waits until the call returns. So an observer may take its time and call the hub,
/// and delivery never waits for it: what it is told may be over by then. One that refers to its hub does so weakly,
/// because the hub keeps it.
///
/// The hub keeps 10,000 changes for an observer that is slower than its readers. What is more is not told one by one:
/// ``OccupancyChange/resynchronized(_:)`` says then which channels are occupied.
public protocol OccupancyObserver: Sendable {
  /// Takes one change.
  func occupancyChanged(_ change: OccupancyChange) async
}

/// What happened to the readers of a channel. Channels are named by their own names, and one that is removed and opened
/// again is the same one here.
///
/// A channel is occupied from its first reader on, and vacated when its last one has left and
/// ``EventHub/Configuration/occupancyLinger`` is over without another. So ``occupied(_:)`` and ``vacated(_:)`` of a
/// channel come in turn, and the readers' changes between them.
public enum OccupancyChange: Sendable, Hashable {
  /// A reader: one stream.
  public struct Reader: Sendable, Hashable {
    /// A number of its own for each stream of the hub's life, the same in all of its channels.
    public let stream: UInt64
    /// Who reads it, as the authorizer named them.
    public let identity: String?
    /// Who is on the other end, as the stack names it.
    public let peer: String?
  }

  /// The channel has its first reader; that it came follows.
  case occupied(ChannelName)
  /// A stream was opened that reads the channel; so many do now.
  case readerJoined(Reader, ChannelName, readers: Int)
  /// A stream that read the channel has ended, or the channel was removed from it; so many are left.
  case readerLeft(Reader, ChannelName, DisconnectReason, readers: Int)
  /// The channel's last reader has left, and no other came within the linger.
  case vacated(ChannelName)
  /// Changes were left out, because the observer was too slow: exactly these channels are occupied now.
  case resynchronized(Set<ChannelName>)
}
