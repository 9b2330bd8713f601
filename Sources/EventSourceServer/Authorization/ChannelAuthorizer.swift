/// Who may read which channels, decided by the application.
///
/// Asked once for each stream, before anything of it is written and after the request was found to be well-formed.
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
  /// All the channels may be read.
  case granted(ChannelGrant)
  /// None may.
  case refused(EventStreamRefusal)

  /// All the channels may be read by an anonymous caller for as long as they like.
  public static let granted = ChannelAuthorization.granted(ChannelGrant())
}

/// A permission to read.
public struct ChannelGrant: Sendable, Hashable {
  /// For how long from now; then the stream ends. nil: for as long as the stream lives.
  public var validFor: Duration?
  /// Who the caller is, as the application names them: the key for ``EventHub/Configuration/maximumReadersPerCaller``.
  public var identity: String?

  /// Makes a grant.
  public init(validFor: Duration? = nil, identity: String? = nil) {
    self.validFor = validFor
    self.identity = identity
  }
}
