/// Permissions that were taken back.
struct Revocation: Sendable {
  enum Streams: Sendable {
    /// Those of a caller, of all channels or of one.
    case of(ExactString, in: ChannelName?)
    case matching(@Sendable (OpenStream) -> Bool)
  }

  let streams: Streams
  /// The request about which an authorizer was deciding when it called this itself: not concerned.
  let exempt: ObjectIdentifier?

  func concerns(_ stream: OpenStream) -> Bool {
    switch streams {
    case .of(let identity, let channel):
      stream.identity.map(ExactString.init) == identity && (channel.map(stream.channels.contains) ?? true)
    case .matching(let isRevoked): isRevoked(stream)
    }
  }
}

/// The last revocations of a lane, so that a permission that was being decided meanwhile can be held against them.
struct RevocationLog {
  /// If there are more while a request is being decided, the oldest of them are taken to concern it.
  private static let most = 1024

  private var kept: ArraySlice<Revocation> = []
  /// How many there have been.
  private(set) var count = 0

  mutating func append(_ revocation: Revocation) {
    count += 1
    kept.append(revocation)
    if kept.count > Self.most { kept.removeFirst() }
  }

  /// Whether a permission that was asked for when there had been so many is concerned by one since.
  func concern(_ stream: OpenStream, since asked: Int, of request: ObjectIdentifier) -> Bool {
    let new = count - asked
    guard new <= kept.count else { return true }
    return kept.suffix(new).contains { $0.exempt != request && $0.concerns(stream) }
  }
}
