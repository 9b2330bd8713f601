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
  /// Which of the channels that were asked for may be read, by the names that were asked for; nil: all of them. The
  /// stream is one of just these; if there are none, the request is refused with 403.
  public var channels: Set<ChannelName>?

  /// Which channel is really read for one that was asked for, as `["me": "user-42"]`; one that is not here is read
  /// itself. Naming a channel here permits it to be read. Names that were not asked for, or are not in ``channels``,
  /// mean nothing, so a grant never adds a channel to a stream.
  ///
  /// The hub knows the channel by its own name: in statistics, logs, revocations and repositories. The reader does not:
  /// gaps, removals and rejections name what it asked for, and a last event ID of several channels has a hash of the
  /// channel's own name, which somebody who guesses the name can confirm. Grant the same channel to a caller each time:
  /// on a stream of one channel, an ID that the application made is looked for in whatever channel is granted.
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
