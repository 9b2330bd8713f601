import EventSourceServer
import Synchronization

/// How many connections each peer has, if that is limited.
final class PeerCounter: Sendable {
  private struct State {
    var counts: [IPAddress: Int] = [:]
    var peers: [Int32: IPAddress] = [:]
  }

  private let limit: Int?
  private let proxies: TrustedProxies?
  // Taken for a moment when a connection comes or goes.
  private let state = Mutex(State())

  init(limit: Int?, proxies: TrustedProxies?) {
    self.limit = limit
    self.proxies = proxies
  }

  /// Counts a connection; false: its peer has as many as it may. A trusted proxy, and a peer without an address, may
  /// have any number.
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

  /// The descriptor is about to be closed.
  func leave(_ descriptor: Int32) {
    guard limit != nil else { return }
    state.withLock { state in
      guard let peer = state.peers.removeValue(forKey: descriptor), let count = state.counts[peer] else { return }
      state.counts[peer] = count > 1 ? count - 1 : nil
    }
  }
}
