import EventSourceFormat
@testable import EventSourceServer
import EventSourceTesting
import Foundation
import Synchronization

/// One schedule: a hub with channels and lanes, perhaps a history, readers that come and go, and a ledger of what each
/// has to see. A seed decides everything.
// Sendable, because the jobs that know it are run by itself, on its one thread.
final class Schedule: @unchecked Sendable {
  let seed: UInt64
  var random: SeededRandom
  let options: ScheduleOptions
  private(set) var failures: [BrokenPromise] = []
  var coverage = ScheduleCoverage()
  /// How many steps it had.
  private(set) var steps = 0

  let ledger = ScheduleLedger()
  let repository: ScheduleRepository
  let snapshots: ScheduleSnapshots
  let authorizer: ScheduleAuthorizer
  let executor = ManualTaskExecutor()
  let logger = CollectingLogger()

  var hub: EventHub!
  var stacks: [ScheduleStack] = []
  var handlers: [EventStreamHandler] = []
  var readers: [ModelReader] = []
  /// Streams whose end has yet to be judged.
  var visits: [ReaderVisit] = []
  var attempts = 0
  /// Whether each channel is there, and has the history.
  var isOpen: [String: Bool] = [:]
  var isRegistered: [String: Bool] = [:]
  var currentRules: [String: ChannelConfiguration] = [:]
  /// The last rules of each life that is over.
  var formerRules: [String: [Int: ChannelConfiguration]] = [:]
  /// Channels whose streams were ended by `unregister`.
  var disconnected: [String: Int] = [:]
  /// What the application has stored and not yet published, or published and not yet stored.
  var halfDone: [String: [(event: ServerSentEvent, token: Int, key: String?)]] = [:]
  /// IDs that the hub generated: of this life, and of earlier ones.
  var generated: [String: [EventID]] = [:]
  var earlier: [EventID] = []
  var isPublishing = true
  var isSettling = false
  /// Whether all reads and writes of histories have ended.
  var isQuiet = false
  var isDraining = false
  var isClosing = false
  var hasLongIDs = false
  var occupancy: ScheduleOccupancy!
  var handles: [String: (handle: ChannelHandle, life: Int)] = [:]
  /// Channels whose rules were changed: readers are treated by the old or the new ones.
  var reconfigured: Set<String> = []
  /// Channels that had a comment, which waits for readers as an event does.
  var commented: Set<String> = []
  /// Channels whose history was taken away: what was being recorded is in the history alone, where it may lie on either
  /// side of what is published without it.
  var lostHistory: Set<String> = []
  /// Channels of whose life an event was given to the history to record.
  var recordingsBegun: Set<String> = []
  /// IDs of events that were published and will not be in the history.
  var lostIDs: Set<EventID> = []
  /// Publications that are awaited.
  var awaited: [Int: Task<Void, Never>] = [:]
  var lastEnded: [DisconnectReason: Int] = [:]
  var lastUnoffered = 0
  /// Nothing was being asked when the lanes ran last.
  var wasIdle = true
  var publishedBeforeRun: [String: Int] = [:]
  private(set) var epochs = 0

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    var coverage = ScheduleCoverage()
    options = ScheduleOptions(seed: seed, &random) { coverage.note($0) }
    self.coverage = coverage
    repository =
      switch options.history {
      case .recording: ScheduleRecorder(seed: seed, ledger: ledger)
      case .reporting: ScheduleReporter(seed: seed, ledger: ledger)
      case .inMemory: ScheduleMemory(seed: seed, ledger: ledger)
      default: ScheduleRepository(seed: seed, ledger: ledger)
      }
    repository.hangs = options.hangs
    snapshots = ScheduleSnapshots(seed: seed, ledger: ledger)
    authorizer = ScheduleAuthorizer(seed: seed)
    repository.note = { [unowned self] in self.coverage.note(.history($0)) }
    snapshots.note = { [unowned self] in self.coverage.note(.history($0)) }
    snapshots.index = { [unowned self] in options.names.firstIndex(of: $0)! }
    authorizer.note = { [unowned self] in self.coverage.note(.grant($0)) }
    authorizer.revokesOlder = { [unowned self] in markRevoked(identity: $0, channel: nil, except: $1) }
    ledger.labels = Dictionary(uniqueKeysWithValues: zip(options.channelNames, options.names))
    ledger.clocks = { [unowned self] in stacks.map(\.clock.now) }
    trace("\(options.focus), history \(options.history), roomy \(options.isRoomy), authorizer \(options.hasAuthorizer)")
    trace("\(options.hub), rules \(options.rules)")
    start()
  }

  func note(_ call: PublicCall) { coverage.note(.call(call)) }
  func note(_ act: StackAct) { coverage.note(.stack(act)) }

  /// A promise is broken.
  func report(_ promise: Promise, _ what: String) {
    trace("BROKEN \(promise.rawValue): \(what)")
    failures.append(BrokenPromise(promise: promise, what: what))
  }

  /// Prints what happens, if `EVENTSOURCE_TRACE` is set: for looking into one seed.
  func trace(_ text: @autoclosure () -> String) { if Self.isTracing { print("\(steps): \(text())") } }

  private static let isTracing = ProcessInfo.processInfo.environment["EVENTSOURCE_TRACE"] != nil

  func short(_ name: String) -> String { name }

  func channelName(_ name: String) -> ChannelName { options.channelNames[options.names.firstIndex(of: name)!] }

  var isRecording: Bool {
    switch options.history {
    case .recording, .reporting, .inMemory: true
    default: false
    }
  }

  /// The program starts, or starts again.
  func start() {
    epochs += 1
    var configuration = options.hub
    configuration.taskExecutor = executor
    coverage.note(.hub(.taskExecutor))
    if options.usesProvider {
      coverage.note(.hub(.repositoryProvider))
      configuration.repositoryProvider = { [repository] _ in repository }
    }
    occupancy = ScheduleOccupancy(ledger)
    if random.isOnce(in: 3) { configuration.occupancyObservers = [occupancy] }
    handles = [:]
    let isLogging = random.isOnce(in: 4)
    if isLogging { coverage.note(.hub(.logger)) }
    hub = EventHub(configuration: configuration, logger: isLogging ? logger : nil)
    note(.idPrefix)
    if !hub.idPrefix.hasPrefix(configuration.idPrefix ?? "") { report(.identity, "the epoch is \(hub.idPrefix)") }
    hub.observeTransitions { [weak self] before, after in
      guard let self else { return }
      coverage.note(.state(StateKind(after)))
      let (from, to) = (StateKind(before), StateKind(after))
      if from != to { coverage.note(.transition(from, to)) }
    }
    authorizer.hub = hub
    authorizer.channelNames = options.channelNames
    isDraining = false
    isClosing = false
    lastEnded = [:]
    lastUnoffered = 0
    snapshots.published = [:]
    for name in options.names { earlier += generated[name]?.suffix(4) ?? [] }
    generated = [:]
    recordingsBegun = []
    for (name, rules) in zip(options.names, options.rules) {
      ledger.beginLife(of: name)
      isOpen[name] = options.hub.channelCreation == .onDemand
      isRegistered[name] = false
      currentRules[name] = options.hub.channelDefaults
      if options.hub.channelCreation == .explicit { open(name, rules) }
      if options.history != .none, !options.usesProvider { register(name) }
    }
    stacks = []
    for _ in 0..<options.laneCount { addStack() }
    handlers = (0..<5).map { _ in makeHandler() }
  }

  /// A lane whose clock has an origin of its own.
  func addStack() {
    let clock = ManualClock()
    let index = stacks.count
    clock.advance(by: .seconds(index * 1_000_000 + epochs))
    if index > 0 { note(.origins) }
    note(.makeLane)
    stacks.append(ScheduleStack(SimulatedStack(hub: hub, clock: clock), index: index))
  }

  private func makeHandler() -> EventStreamHandler {
    // What cannot be meant is refused where it is configured.
    var wrong = EventStreamHandler.Configuration()
    wrong.channels = [options.channelNames[0], options.channelNames[0]]
    if (try? wrong.validate()) != nil { report(.badInput, "an endpoint may have a channel twice") }
    let draw = EndpointDraw(options.focus, options.channelNames, snapshots, &random) { coverage.note(.endpoint($0)) }
    trace("endpoint \(draw.configuration)")
    if !options.hasAuthorizer { coverage.note(.grant(.noAuthorizer)) }
    return EventStreamHandler(
      hub, configuration: draw.configuration, authorizer: options.hasAuthorizer ? authorizer : nil)
  }

  /// Runs the schedule, or its beginning.
  func run(steps most: Int = .max) {
    let count = Int.random(in: 20...120, using: &random)
    for _ in 0..<min(count, most) where failures.isEmpty {
      steps += 1
      step()
      check()
    }
    isPublishing = false
    if failures.isEmpty { settle() }
    if failures.isEmpty { end() }
  }

  /// The window of a channel's events in a stream; nil: they are not coalesced.
  func window(_ name: String, _ visit: ReaderVisit) -> Duration? {
    let window = rules(of: name, for: visit).coalescingWindow ?? visit.endpoint.coalescingWindow ?? .zero
    return window > .zero ? window : reconfigured.contains(name) ? .nanoseconds(1) : nil
  }

  func rules(of name: String) -> ChannelConfiguration { currentRules[name]! }

  /// The rules of the life of a channel that a stream reads, which are those that it had at its end.
  func rules(of name: String, for visit: ReaderVisit) -> ChannelConfiguration {
    guard let life = visit.livesAtHead[name], life != ledger.lives[name] else { return rules(of: name) }
    return formerRules[name]?[life] ?? rules(of: name)
  }

  /// A slow reader gets the newest of each key, or may have been given that by the rules of before.
  func isConflating(_ name: String, _ visit: ReaderVisit) -> Bool {
    visit.wasSlow && (rules(of: name, for: visit).slowReaders == .newestPerKey || reconfigured.contains(name))
  }

  /// Whether a reader has, of the first events of a channel, everything that may not be left out for it.
  func hasEverything(_ reader: ModelReader, _ name: String, _ visit: ReaderVisit, of count: Int) -> Bool {
    let next = reader.progress[name]!.next
    return next >= count
      || ledger.canGoOn(
        from: next, to: count, in: name, isConflating: isConflating(name, visit),
        skipsShared: reader.channels.count > 1)
  }

  /// Where a log that evicts nothing begins.
  func firstPlaceHeld(of name: String) -> Int {
    guard evictsNothing, let entries = ledger.entries[name] else { return 0 }
    let life = ledger.lives[name, default: 0]
    return entries.firstIndex { $0.life == life } ?? entries.count
  }

  /// Every event of a life of a channel is held.
  var evictsNothing: Bool { options.isRoomy && options.history == .none }
}
