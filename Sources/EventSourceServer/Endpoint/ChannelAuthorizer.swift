/// Decides who may read which channels.
///
/// The handler asks for every well-formed request, before it writes anything, and again while the stream is open if
/// ``EventStreamHandler/Configuration/reauthorizationInterval`` is set. Calls come from tasks of the hub, several at a
/// time. The task is cancelled when the peer disconnects. If a decision takes more than 30 seconds, the request gets
/// 503.
public protocol ChannelAuthorizer: Sendable {
  /// Decides about a request.
  ///
  /// - Parameters:
  ///   - request: The whole request.
  ///   - channels: The requested channels, at least one, without duplicates. They need not exist.
  /// - Throws: Any error if a decision is impossible. The request gets 503; the error is logged, not sent.
  func authorize(
    _ request: any EventStreamRequest, for channels: [ChannelName]
  ) async throws -> ChannelAuthorization
}

/// An authorizer's decision.
public enum ChannelAuthorization: Sendable, Hashable {
  /// The channels, or those that the grant names, may be read.
  case granted(ChannelGrant)
  /// No channel may be read.
  case rejected(EventStreamRejection)

  /// An anonymous caller may read all requested channels without a time limit.
  public static let granted = ChannelAuthorization.granted(ChannelGrant())
}

/// A permission to read.
public struct ChannelGrant: Sendable, Hashable {
  /// The duration of the permission. When it is over, the stream ends. Zero or less grants nothing: the request gets
  /// 403. `nil` means no limit.
  public var expiresAfter: Duration?
  /// The caller's identity, chosen by the application. The key for ``EventHub/Configuration/maximumReadersPerCaller``
  /// and ``EventHub/revokeStreams(of:in:)``.
  public var identity: String?
  /// The requested channels that may be read, by their requested names. The stream consists of only these. If there are
  /// none, the request is rejected with 403. `nil` means all requested channels.
  public var channels: Set<ChannelName>?

  /// The channel to read in place of a requested one, such as `["me": "user-42"]`. A requested channel without an entry
  /// is read itself. An entry permits its channel to be read. Entries for names that were not requested or are not in
  /// ``channels`` have no effect, so a grant never adds a channel to a stream.
  ///
  /// The hub uses the channel's own name in statistics, logs, revocations and repositories. The reader sees the
  /// requested name in gaps, removals and rejections. The last event ID of a stream of several channels contains a hash
  /// of the channel's own name, so a reader that guesses the name can confirm it. Grant a caller the same channel each
  /// time: on a stream of one channel, an application ID is looked up in whatever channel is granted.
  public var aliases: [ChannelName: ChannelName]

  /// Creates a grant.
  public init(
    expiresAfter: Duration? = nil, identity: String? = nil, channels: Set<ChannelName>? = nil,
    aliases: [ChannelName: ChannelName] = [:]
  ) {
    self.expiresAfter = expiresAfter
    self.identity = identity
    self.channels = channels
    self.aliases = aliases
  }
}
