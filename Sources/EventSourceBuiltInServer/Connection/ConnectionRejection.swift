/// A reason to reject a connection right after its acceptance.
enum ConnectionRejection {
  /// The server has reached its maximum number of connections.
  case serverIsFull
  /// The peer has reached its maximum number of connections.
  case peerHasTooMany

  var status: Int {
    switch self {
    case .serverIsFull: 503
    case .peerHasTooMany: 429
    }
  }
}
