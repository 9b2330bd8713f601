/// An open stream, as a revocation sees it.
public struct GrantedStream: Sendable, Hashable {
  /// Who reads it, as the authorizer named them.
  public let identity: String?
  /// What it reads, by the channels' own names; see ``ChannelGrant/aliases``.
  public let channels: [ChannelName]
}

extension EventHub {
  /// Takes permissions back: ends the streams for which the answer is true, at once.
  ///
  /// Each lane sees to it in its next run, for which it is woken; nothing is written to those streams after that. The
  /// reader may come back, so make the authorizer refuse it first: a request that is being authorized meanwhile and is
  /// concerned is decided anew. An authorizer may call this itself, to end older streams of the caller: the request
  /// that it decides about is not concerned.
  ///
  /// - Parameter isRevoked: Called on the lanes' threads for every open stream; it must be quick, and not call the hub.
  public func revoke(where isRevoked: @escaping @Sendable (GrantedStream) -> Bool) {
    revoke(.matching(isRevoked))
  }

  /// Takes a caller's permissions back, for all channels or for one: ends their streams, as ``revoke(where:)`` does.
  public func revoke(identity: String, in channel: ChannelName? = nil) {
    revoke(.of(ExactString(identity), in: channel))
  }

  private func revoke(_ streams: Revocation.Streams) {
    post(toAllLanes: .revoke(Revocation(streams: streams, exempt: Self.requestBeingDecided)))
  }

  /// The request about which the calling task's authorizer is deciding: it may end the caller's older streams.
  @TaskLocal static var requestBeingDecided: ObjectIdentifier?
}
