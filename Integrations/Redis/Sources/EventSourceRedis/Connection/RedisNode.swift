import Synchronization

internal import EventSourceServer

/// A server as the repository uses it: its two connections and the followed channels. Can be used from any thread.
final class RedisNode: Sendable {
  struct State {
    var isCommandReady = false
    var isSubscriptionReady = false
    var losesNothing = false
    var lastError: RedisHistoryError?
    /// The time since which a connection has been lost. `nil` if both are open.
    var lostSince: Int64?
    var channels: [ChannelName: Followed] = [:]
    /// Channels that remain to be checked in the current round.
    var sample: [ChannelName] = []
    var waitingBytes = 0
    var starters: [CheckedContinuation<Void, any Error>] = []
    /// The time at which the last probe was received.
    var lastProbe: Int64 = 0
    var probes = 0
  }

  struct Followed {
    var feeds: [EventFeed] = []
    /// Whether the server has confirmed the subscription.
    var isConfirmed = false
    var waiters: [CheckedContinuation<Void, any Error>] = []
  }

  let server: RedisServer
  let index: Int
  let state = Mutex(State())

  init(_ server: RedisServer, index: Int) {
    self.server = server
    self.index = index
  }

  var feeds: [EventFeed] { state.withLock { $0.channels.values.flatMap(\.feeds) } }

  /// Records that a connection was opened. Once both are open, the callers of ``start()`` are resumed.
  func ready(_ role: RedisConnection.Role, _ greeting: RedisConnection.Greeting, at now: Int64) {
    let starters = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
      switch role {
      case .commands:
        state.isCommandReady = true
        state.losesNothing = greeting.losesNothing
      case .subscriptions:
        state.isSubscriptionReady = true
        state.lastProbe = now
      }
      guard state.isCommandReady, state.isSubscriptionReady else { return [] }
      state.lostSince = nil
      defer { state.starters = [] }
      return state.starters
    }
    for starter in starters { starter.resume() }
  }

  /// Records that a connection was lost.
  func lost(_ role: RedisConnection.Role, _ error: RedisHistoryError, at now: Int64) {
    let (waiters, starters) = state.withLock { state in
      state.lastError = error
      state.lostSince = state.lostSince ?? now
      var waiters: [CheckedContinuation<Void, any Error>] = []
      switch role {
      case .commands: state.isCommandReady = false
      case .subscriptions:
        state.isSubscriptionReady = false
        for name in state.channels.keys {
          waiters += state.channels[name]!.waiters
          state.channels[name]!.waiters = []
          state.channels[name]!.isConfirmed = false
        }
      }
      defer { state.starters = [] }
      return (waiters, state.starters)
    }
    for waiter in waiters + starters { waiter.resume(throwing: error) }
  }

  /// Returns when both connections are open. Throws if one of them cannot be opened.
  func start() async throws {
    try await withCheckedThrowingContinuation { continuation in
      let outcome = state.withLock { state -> Result<Void, any Error>? in
        if state.isCommandReady, state.isSubscriptionReady { return .success(()) }
        if let error = state.lastError { return .failure(error) }
        state.starters.append(continuation)
        return nil
      }
      if let outcome { continuation.resume(with: outcome) }
    }
  }

  /// Returns the next channels to check. Every channel gets its turn.
  func nextSample(_ count: Int) -> [ChannelName] {
    state.withLock { state in
      if state.sample.isEmpty { state.sample = Array(state.channels.keys) }
      let next = state.sample.suffix(count)
      state.sample.removeLast(next.count)
      return next.filter { state.channels[$0] != nil }
    }
  }
}
