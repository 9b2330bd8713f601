/// Why a connection is accepted only to be told that it is not served.
enum ConnectionRejection {
  /// There are as many connections as the server may have.
  case serverIsFull
  /// Its peer has as many as one may have.
  case peerHasTooMany

  var status: Int {
    switch self {
    case .serverIsFull: 503
    case .peerHasTooMany: 429
    }
  }
}
