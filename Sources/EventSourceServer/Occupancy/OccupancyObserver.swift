/// An observer of channels' readers. It learns when a channel gets its first reader, when its last reader has left, and
/// when any reader arrives or leaves.
///
/// Register observers in ``EventHub/Configuration/occupancyObservers``. Each observer is called from a task of the hub,
/// on its ``EventHub/Configuration/taskExecutor``, without any lock held. It gets one change at a time, in the order in
/// which they happened. The next change waits until the call returns. So an observer may take its time and may call the
/// hub. Delivery never waits for it, so a change may be out of date when the observer gets it. An observer must refer
/// to its hub weakly, because the hub retains it.
///
/// The hub keeps up to 10,000 changes for a slow observer. Further changes are dropped.
/// ``OccupancyChange/resynchronized(_:)`` then lists the occupied channels.
public protocol OccupancyObserver: Sendable {
  /// Handles one change.
  func occupancyChanged(_ change: OccupancyChange) async
}

/// A change in the readers of a channel. Channels are identified by their own names. A channel that is removed and
/// opened again counts as the same channel here.
///
/// A channel is occupied from its first reader on. It is vacated when its last reader has left and
/// ``EventHub/Configuration/occupancyLinger`` has passed without another. So ``occupied(_:)`` and ``vacated(_:)`` of a
/// channel alternate, and the readers' changes come between them.
public enum OccupancyChange: Sendable, Hashable {
  /// A reader, which is one stream.
  public struct Reader: Sendable, Hashable {
    /// The stream's number. It is unique in the hub's lifetime and the same in all of the stream's channels.
    public let stream: UInt64
    /// The reader's identity, from the authorizer.
    public let identity: String?
    /// The peer, as reported by the HTTP stack.
    public let peer: String?
  }

  /// The channel has its first reader. The ``readerJoined(_:_:readers:)`` of that reader follows.
  case occupied(ChannelName)
  /// A stream that reads the channel was opened. `readers` is the new number of readers.
  case readerJoined(Reader, ChannelName, readers: Int)
  /// A stream that read the channel has ended, or the channel was removed from it. `readers` is the remaining number of
  /// readers.
  case readerLeft(Reader, ChannelName, DisconnectReason, readers: Int)
  /// The channel's last reader has left, and no other one came within the linger.
  case vacated(ChannelName)
  /// Changes were dropped because the observer was too slow. Exactly these channels are occupied now.
  case resynchronized(Set<ChannelName>)
}
