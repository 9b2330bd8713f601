import Synchronization

public import EventSourceFormat
public import EventSourceServer

/// An in-memory store that several hubs share and that fails as a test specifies. It loses, repeats and reorders the
/// messages of its feeds, fails over to a past state, disconnects nodes, and trims while it is being read.
///
/// Each hub gets its own node from ``makeNode()``, as each process would have its own connection. Nothing happens by
/// itself: messages to feeds wait until the test delivers or loses them, and the seed determines everything random.
/// With a `ManualTaskExecutor` as the hubs' task executor, a whole deployment runs in one thread and is repeatable. Can
/// be used from any thread. Any thread.
public final class SimulatedSharedStore: Sendable {
  /// A flaw of a store, for tests that must detect it.
  public enum Flaw: Sendable, CaseIterable {
    /// After a failover, positions of the lost events are assigned again.
    case noFence
    /// Events that the feed did not deliver are missing from results, too.
    case fillsNothing
    /// The loss of a feed's last message is never detected.
    case noTailLook
    /// A batch whose reply was lost is added again.
    case repeatsBatches
  }

  struct State {
    var random: UInt64
    var channels: [ChannelName: SharedStoreChannel] = [:]
    var messages: [SharedStoreMessage] = []
    /// Weak, because a node retains the store.
    var nodes: [WeakNode] = []
    /// The number of starts and failovers of the store.
    var incarnation: UInt64 = 1
    var epochs: UInt64 = 1_000
    var answersAreLost = 0
    var retention = Int.max
  }

  let state: Mutex<State>
  let flaw: Flaw?
  let onRecord: @Sendable (ServerSentEvent, ChannelName) -> Void

  /// Creates an empty store.
  ///
  /// - Parameters:
  ///   - seed: The seed of everything random.
  ///   - flaw: The flaw of the store. `nil` means none.
  ///   - onRecord: Called with each event in the order of the channel. It must not call the store.
  public init(
    seed: UInt64 = 1, flaw: Flaw? = nil,
    onRecord: @escaping @Sendable (ServerSentEvent, ChannelName) -> Void = { _, _ in }
  ) {
    state = Mutex(State(random: seed &* 0x9E37_79B9_7F4A_7C15 | 1))
    self.flaw = flaw
    self.onRecord = onRecord
  }

  /// Creates a repository for another hub.
  public func makeNode() -> SimulatedSharedNode {
    state.withLock { state in
      let node = SimulatedSharedNode(number: state.nodes.count, of: self)
      state.nodes.append(WeakNode(node: node))
      return node
    }
  }

  /// Sets the maximum number of events that each channel retains. The oldest are trimmed.
  public func setRetention(maximumEvents: Int) { state.withLock { $0.retention = max(1, maximumEvents) } }

  /// Trims a channel to at most `count` events.
  public func trim(_ channel: ChannelName, to count: Int) {
    state.withLock { $0.channels[channel]?.trim(to: count) }
  }

  /// Removes a channel with everything known about it.
  public func removeAll(in channel: ChannelName) { state.withLock { _ = $0.channels.removeValue(forKey: channel) } }

  /// Loses the replies to the next `count` additions, after adding them. The node then asks again.
  public func loseAnswers(_ count: Int) { state.withLock { $0.answersAreLost = count } }

  /// Returns the number of events that a channel retains.
  public func count(in channel: ChannelName) -> Int { state.withLock { $0.channels[channel]?.entries.count ?? 0 } }

  /// Restarts the store with everything it had.
  public func restart() { state.withLock { $0.incarnation += 1 } }

  /// Fails over to a server that lacks at most this many of the last events of each channel.
  public func failOver(losing count: Int) {
    state.withLock { state in
      state.incarnation += 1
      for name in state.channels.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
        let lost = Self.random(&state.random, below: count + 1)
        state.channels[name]?.lose(lost, isToldAsLoss: flaw != .noFence)
      }
    }
  }

  // MARK: Messages to feeds

  /// The number of messages that are on their way to feeds.
  public var messageCount: Int { state.withLock { $0.messages.count } }

  /// Delivers a message, by default the one that was sent first. A message to a disconnected node is lost.
  public func deliver(at index: Int = 0, keepingIt: Bool = false) {
    let message = state.withLock { state -> SharedStoreMessage? in
      guard state.messages.indices.contains(index) else { return nil }
      let message = keepingIt ? state.messages[index] : state.messages.remove(at: index)
      return state.nodes[message.node].node?.isCutOff == false ? message : nil
    }
    message?.feed.receive(message?.events ?? [])
  }

  /// Loses a message.
  public func drop(at index: Int) {
    state.withLock { state in
      if state.messages.indices.contains(index) { state.messages.remove(at: index) }
    }
  }

  /// Delivers all messages in the order in which they were sent.
  public func deliverAll() { while messageCount > 0 { deliver() } }

  /// Reports each channel's newest position to its feeds, like a store that checks quiet channels at intervals.
  public func lookAtTails() {
    guard flaw != .noTailLook else { return }
    let tails = state.withLock { state in
      state.nodes.compactMap(\.node).filter { !$0.isCutOff }.flatMap { node in
        node.feeds.compactMap { feed in state.channels[feed.channel]?.last.map { (feed, $0) } }
      }
    }
    for (feed, position) in tails { feed.hasReached(position) }
  }

  static func random(_ state: inout UInt64, below limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % max(1, limit)
  }
}

struct WeakNode: Sendable {
  weak let node: SimulatedSharedNode?
}

/// A message to one feed.
struct SharedStoreMessage: Sendable {
  let node: Int
  let feed: EventFeed
  let events: [SharedEvent]
}
