import Synchronization

internal import EventSourceServer

/// One server as the repository uses it: its two connections, and which channels of it are followed. Any thread.
final class RedisNode: Sendable {
  struct State {
    var isCommandReady = false
    var isSubscriptionReady = false
    var losesNothing = false
    var lastError: RedisHistoryError?
    /// Since when one of its connections is lost; nil: neither is.
    var lostSince: Int64?
    var channels: [ChannelName: Followed] = [:]
    /// The channels in the order in which they are looked at.
    var sample: [ChannelName] = []
    var waitingBytes = 0
    var starters: [CheckedContinuation<Void, any Error>] = []
    /// When the last probe was received.
    var lastProbe: Int64 = 0
    var probes = 0
  }

  struct Followed {
    var feeds: [EventFeed] = []
    /// The server has confirmed the subscription.
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

  /// A connection was opened; those that wait for the start are told when both are.
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

  /// A connection was lost.
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

  /// Returns when both connections have been opened, or throws why one was not.
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

  /// The next channels to look at, each in its turn.
  func nextSample(_ count: Int) -> [ChannelName] {
    state.withLock { state in
      if state.sample.isEmpty { state.sample = Array(state.channels.keys) }
      let next = state.sample.suffix(count)
      state.sample.removeLast(next.count)
      return next.filter { state.channels[$0] != nil }
    }
  }
}
