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
  /// Which of the channels that were asked for may be read; nil: all of them. The stream is one of just these; if there
  /// are none, the request is refused with 403.
  public var channels: Set<ChannelName>?

  /// Makes a grant.
  public init(validFor: Duration? = nil, identity: String? = nil, channels: Set<ChannelName>? = nil) {
    self.validFor = validFor
    self.identity = identity
    self.channels = channels
  }
}
