import EventSourceServer
import Synchronization

/// Counts the connections of each peer, if their number is limited.
final class PeerCounter: Sendable {
  private struct State {
    var counts: [IPAddress: Int] = [:]
    var peers: [Int32: IPAddress] = [:]
  }

  private let limit: Int?
  private let proxies: TrustedProxies?
  // Held briefly when a connection opens or closes.
  private let state = Mutex(State())

  init(limit: Int?, proxies: TrustedProxies?) {
    self.limit = limit
    self.proxies = proxies
  }

  /// Counts a connection. Returns `false` if its peer is at the limit. Trusted proxies and peers without an address
  /// have no limit.
  func enter(_ descriptor: Int32) -> Bool {
    guard let limit, let host = SocketAddress.peer(of: descriptor)?.host, let peer = IPAddress(host)?.site,
      proxies?.isTrusted(host) != true
    else { return true }
    return state.withLock { state in
      let count = state.counts[peer, default: 0]
      guard count < limit else { return false }
      state.counts[peer] = count + 1
      state.peers[descriptor] = peer
      return true
    }
  }

  /// Removes a connection from the count. Call this before the descriptor is closed.
  func leave(_ descriptor: Int32) {
    guard limit != nil else { return }
    state.withLock { state in
      guard let peer = state.peers.removeValue(forKey: descriptor), let count = state.counts[peer] else { return }
      state.counts[peer] = count > 1 ? count - 1 : nil
    }
  }
}
