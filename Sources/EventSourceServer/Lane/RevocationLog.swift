/// A revocation of granted permissions.
struct Revocation: Sendable {
  enum Streams: Sendable {
    /// The streams of a caller that read any channel or a specific one.
    case of(ExactString, in: ChannelName?)
    case matching(@Sendable (OpenStream) -> Bool)
  }

  let streams: Streams
  /// The request that an authorizer was deciding when it called for the revocation. It is not affected.
  let exempt: ObjectIdentifier?

  func concerns(_ stream: OpenStream) -> Bool {
    switch streams {
    case .of(let identity, let channel):
      stream.identity.map(ExactString.init) == identity && (channel.map(stream.channels.contains) ?? true)
    case .matching(let isRevoked): isRevoked(stream)
    }
  }
}

/// The latest revocations of a lane, against which a permission is checked that was being decided at the time.
struct RevocationLog {
  /// The maximum number of retained revocations. If there are more while a request is being decided, they are assumed
  /// to affect it.
  private static let most = 1024

  private var kept: ArraySlice<Revocation> = []
  /// The number of revocations so far.
  private(set) var count = 0

  mutating func append(_ revocation: Revocation) {
    count += 1
    kept.append(revocation)
    if kept.count > Self.most { kept.removeFirst() }
  }

  /// Returns whether any revocation since a count of `asked` affects a permission that was requested at that time.
  func concern(_ stream: OpenStream, since asked: Int, of request: ObjectIdentifier) -> Bool {
    let new = count - asked
    guard new <= kept.count else { return true }
    return kept.suffix(new).contains { $0.exempt != request && $0.concerns(stream) }
  }
}
