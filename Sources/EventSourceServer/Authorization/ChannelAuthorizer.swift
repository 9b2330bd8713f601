/// Who may read which channels, decided by the application.
///
/// Asked for each stream, before anything of it is written and after the request was found to be well-formed; and again
/// while it is open, if ``EventStreamHandler/Configuration/reauthorizationInterval`` says so.
/// Called from tasks of the hub, for several requests at a time; the task is cancelled when the peer leaves. An answer
/// that takes longer than half a minute is not waited for: the request is refused with 503.
public protocol ChannelAuthorizer: Sendable {
  /// Decides about a request.
  ///
  /// - Parameters:
  ///   - request: The whole request.
  ///   - channels: The channels that it asks for, at least one, each once. They need not exist.
  /// - Throws: Anything, when it cannot be decided: the request is refused with 503, and the error logged, not sent.
  func authorize(
    _ request: any EventStreamRequest, for channels: [ChannelName]
  ) async throws -> ChannelAuthorization
}

/// An authorizer's answer.
public enum ChannelAuthorization: Sendable, Hashable {
  /// The channels may be read, or those of them that the grant names.
  case granted(ChannelGrant)
  /// None may.
  case refused(EventStreamRefusal)

  /// All the channels may be read by an anonymous caller for as long as they like.
  public static let granted = ChannelAuthorization.granted(ChannelGrant())
}

/// A permission to read.
public struct ChannelGrant: Sendable, Hashable {
  /// For how long from now; then the stream ends. Zero or less grants nothing: the request is refused with 403. nil:
  /// for as long as the stream lives.
  public var validFor: Duration?
  /// Who the caller is, as the application names them: the key for ``EventHub/Configuration/maximumReadersPerCaller``,
  /// and for ``EventHub/revoke(identity:in:)``.
  public var identity: String?
  /// Which of the channels that were asked for may be read, by the names that were asked for; nil: all of them. The
  /// stream is one of just these; if there are none, the request is refused with 403.
  public var channels: Set<ChannelName>?

  /// Which channel is really read for one that was asked for, as `["me": "user-42"]`; one that is not here is read
  /// itself. Naming a channel here permits it to be read. Names that were not asked for, or are not in ``channels``,
  /// mean nothing, so a grant never adds a channel to a stream.
  ///
  /// The hub knows the channel by its own name: in statistics, logs, revocations and repositories. The reader does not:
  /// gaps, removals and refusals name what it asked for, and a last event ID of several channels has a hash of the
  /// channel's own name, which somebody who guesses the name can confirm. Grant the same channel to a caller each time:
  /// on a stream of one channel, an ID that the application made is looked for in whatever channel is granted.
  public var aliases: [ChannelName: ChannelName]

  /// Makes a grant.
  public init(
    validFor: Duration? = nil, identity: String? = nil, channels: Set<ChannelName>? = nil,
    aliases: [ChannelName: ChannelName] = [:]
  ) {
    self.validFor = validFor
    self.identity = identity
    self.channels = channels
    self.aliases = aliases
  }
}
