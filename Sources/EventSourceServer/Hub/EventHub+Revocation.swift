/// An open stream, as passed to a revocation's predicate.
public struct OpenStream: Sendable, Hashable {
  /// The reader's identity, from the authorizer.
  public let identity: String?
  /// The channels that it reads, by their own names. See ``ChannelGrant/aliases``.
  public let channels: [ChannelName]
}

extension EventHub {
  /// Immediately ends every stream for which `isRevoked` returns `true`.
  ///
  /// Each lane is woken and ends the streams in its next run; nothing is written to them after that. The reader may
  /// come back, so make the authorizer refuse it first. A matching request that is being authorized at that time is
  /// decided again. An authorizer may call this to end older streams of the caller: the request that it is deciding is
  /// exempt.
  ///
  /// - Parameter isRevoked: Called on the lanes' threads for every open stream. It must return quickly and must not
  ///   call the hub.
  public func revokeStreams(where isRevoked: @escaping @Sendable (OpenStream) -> Bool) {
    revokeStreams(.matching(isRevoked))
  }

  /// Ends all streams of an identity, or those that read a channel, as ``revokeStreams(where:)`` does.
  public func revokeStreams(of identity: String, in channel: ChannelName? = nil) {
    revokeStreams(.of(ExactString(identity), in: channel))
  }

  private func revokeStreams(_ streams: Revocation.Streams) {
    post(toAllLanes: .revoke(Revocation(streams: streams, exempt: Self.requestBeingDecided)))
  }

  /// The request that the calling task's authorizer is deciding.
  @TaskLocal static var requestBeingDecided: ObjectIdentifier?
}
