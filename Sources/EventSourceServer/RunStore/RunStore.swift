import Synchronization

internal import EventSourceFormat

/// The runs of a collection by their IDs, and their deadlines. Shared by the collection, its handler and its runs.
///
/// Lock order: this lock, then a run's, then a channel's. The locks of `room` and `feed` come last.
final class RunStore: Sendable {
  struct Table: ~Copyable {
    var runs: [String: EventChannel] = [:]
    /// Runs that are being written, and ended runs without viewers.
    var active = DeadlineHeap<EventChannel>()
    var retained = DeadlineHeap<EventChannel>()
    /// Runs whose deadline is unknown until a lane checks them.
    var pending: [EventChannel] = []
    var isClosed = false
    var started = 0
    var ended: [String: Int] = [:]
    /// Runs of other processes that have not ended.
    var followed: [String: EventChannel] = [:]
    /// Runs that are being read from the history.
    var loading: [String: RunLoad] = [:]
  }

  let hub: EventHub
  let name: ChannelName
  let configuration: RunCollection.Configuration
  let rules: RunState.Rules
  let channelRules: ChannelRules
  let history: ChannelHistory?
  /// The repository, if it is shared, and the channel for messages between its processes.
  let shared: (any SharedEventRepository)?
  let control: RunControl?
  let room: RunRoom
  let feed: RunFeed?
  let table = Mutex(Table())
  private let collection = Mutex(WeakCollection())

  var repository: (any RecordingEventRepository)? { configuration.repository }

  init(
    _ hub: EventHub, _ name: ChannelName, _ configuration: RunCollection.Configuration, _ observer: (any RunObserver)?
  ) {
    self.hub = hub
    self.name = name
    self.configuration = configuration
    var rules = configuration.rules
    rules.linger = max(hub.configuration.followLinger.nanoseconds, RunState.loadedRetention)
    self.rules = rules
    shared = configuration.repository as? any SharedEventRepository
    // A run in memory is complete: its log evicts nothing.
    let limits = Retention(maximumBytes: .max, maximumEvents: nil, maximumAge: nil)
    channelRules = ChannelRules(ChannelConfiguration(), hubRetention: limits)
    history = configuration.repository.map { ChannelHistory($0) }
    room = RunRoom(limit: configuration.memoryLimit, timeout: configuration.writeTimeout.nanoseconds)
    feed = observer.map { RunFeed($0, executor: hub.configuration.taskExecutor) }
    let receiver = Receiver()
    control = shared.map { [channelRules] shared in
      RunControl(hub, shared, name, channelRules, configuration) { receiver.store.withLock { $0?.store }?.received($0) }
    }
    receiver.store.withLock { $0 = WeakRunStore(self) }
  }

  /// Passes the messages of other processes on. The control channel must not retain this store.
  private final class Receiver: Sendable {
    let store = Mutex<WeakRunStore?>(nil)
  }

  private struct WeakCollection { weak var collection: RunCollection? }

  func setCollection(_ value: RunCollection) { collection.withLock { $0.collection = value } }

  /// Returns the run of a channel for the application, or `nil` if its collection is being deallocated.
  func run(_ channel: EventChannel) -> Run? {
    collection.withLock { $0.collection }.map { Run(channel: channel, collection: $0) }
  }

  static func isValid(_ id: String) -> Bool {
    (1...128).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~".utf8.contains(byte)
      }
  }

  func channel(_ id: String) -> EventChannel? { table.withLock { $0.runs[id] } }

  /// Returns the name under which a run is authorized and recorded. Cannot fail, because the ID is valid.
  func channelName(_ id: String) -> ChannelName { ChannelName(unchecked: "\(name.rawValue)/\(id)") }

  /// Returns the ID of the run with a channel name, or `nil` if the name is not one of this collection.
  func id(in channelName: ChannelName) -> String? {
    let prefix = name.rawValue.utf8.count + 1
    let text = channelName.rawValue.utf8
    guard text.count > prefix, text.starts(with: name.rawValue.utf8), text.dropFirst(prefix - 1).first == 0x2F else {
      return nil
    }
    let id = String(Substring(text.dropFirst(prefix)))
    return Self.isValid(id) ? id : nil
  }

  func makeChannel(_ id: String, _ core: RunCore) -> EventChannel {
    EventChannel(
      name: channelName(id), incarnation: hub.incarnations.add(1, ordering: .relaxed).newValue, idPrefix: id + "-",
      channelRules, history: history, recording: nil, run: core)
  }

  var statistics: RunStatistics {
    var statistics = RunStatistics()
    let channels = table.withLock { table in
      statistics.started = table.started
      statistics.ended = table.ended
      return Array(table.runs.values)
    }
    for channel in channels {
      let state = channel.run!.state
      if !state.isActive {
        statistics.retained += 1
      } else if state.isFollowed {
        statistics.followed += 1
      } else {
        statistics.active += 1
      }
    }
    statistics.bytes = room.used
    statistics.waitingProducers = room.waiterCount
    return statistics
  }
}

/// A hub's reference to a collection's runs. Weak, because the runs refer to the hub.
struct WeakRunStore: Sendable {
  private(set) weak var store: RunStore?
  init(_ store: RunStore) { self.store = store }
}
