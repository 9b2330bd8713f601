import Synchronization

public import EventSourceFormat
public import EventSourceServer

/// A store that several hubs share, in memory, which fails as a test says: it loses, repeats and reorders the messages
/// of its feeds, fails over to a past state, cuts off nodes, and trims while it is read.
///
/// Each hub gets a node of its own by ``makeNode()``, as each process would have its own connection. Nothing happens by
/// itself: messages to feeds wait until the test delivers or loses them, and everything random comes from the seed.
/// With a `ManualTaskExecutor` as the hubs' task executor, a whole deployment runs in one thread and can be repeated.
/// Any thread.
public final class SimulatedSharedStore: Sendable {
  /// What a store may do wrong, so that a test can show that it would find it.
  public enum Flaw: Sendable, CaseIterable {
    /// After a failover, positions of the lost tail are given again.
    case noFence
    /// What the feed did not bring is not in the answers either.
    case fillsNothing
    /// Nobody looks whether the feed has lost the last message.
    case noTailLook
    /// A batch whose answer was lost is added again.
    case repeatsBatches
  }

  struct State {
    var random: UInt64
    var channels: [ChannelName: SharedStoreChannel] = [:]
    var messages: [SharedStoreMessage] = []
    /// A node keeps the store in memory, not the other way round.
    var nodes: [WeakNode] = []
    /// How often the store has started or failed over.
    var incarnation: UInt64 = 1
    var epochs: UInt64 = 1_000
    var answersAreLost = 0
    var retention = Int.max
  }

  let state: Mutex<State>
  let flaw: Flaw?
  let onRecord: @Sendable (ServerSentEvent, ChannelName) -> Void

  /// Makes an empty store.
  ///
  /// - Parameters:
  ///   - seed: The source of everything random.
  ///   - flaw: What it does wrong; nil: nothing.
  ///   - onRecord: Called with each event in the order of the channel. It must not call the store.
  public init(
    seed: UInt64 = 1, flaw: Flaw? = nil,
    onRecord: @escaping @Sendable (ServerSentEvent, ChannelName) -> Void = { _, _ in }
  ) {
    state = Mutex(State(random: seed &* 0x9E37_79B9_7F4A_7C15 | 1))
    self.flaw = flaw
    self.onRecord = onRecord
  }

  /// Makes a repository for one more hub.
  public func makeNode() -> SimulatedSharedNode {
    state.withLock { state in
      let node = SimulatedSharedNode(number: state.nodes.count, of: self)
      state.nodes.append(WeakNode(node: node))
      return node
    }
  }

  /// How many events of a channel are held. More are trimmed, the oldest first.
  public func setRetention(maximumEvents: Int) { state.withLock { $0.retention = max(1, maximumEvents) } }

  /// Trims a channel to so many events.
  public func trim(_ channel: ChannelName, to count: Int) {
    state.withLock { $0.channels[channel]?.trim(to: count) }
  }

  /// Removes a channel with all that was known of it.
  public func removeAll(in channel: ChannelName) { state.withLock { _ = $0.channels.removeValue(forKey: channel) } }

  /// The next answers to additions are lost after the addition; the node asks again.
  public func loseAnswers(_ count: Int) { state.withLock { $0.answersAreLost = count } }

  /// How many events of a channel are held.
  public func count(in channel: ChannelName) -> Int { state.withLock { $0.channels[channel]?.entries.count ?? 0 } }

  /// The store starts again with everything it had.
  public func restart() { state.withLock { $0.incarnation += 1 } }

  /// Another server takes over that lacks the last events of each channel, at most so many.
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

  /// How many messages are on their way to feeds.
  public var messageCount: Int { state.withLock { $0.messages.count } }

  /// Delivers a message, by default the one that was sent first. To a node that is cut off it is lost.
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

  /// Tells each feed how far its channel has got, as a store's sampled look at quiet channels does.
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
