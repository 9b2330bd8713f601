import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A conforming client over a simulated stack. From the guarantees alone it knows the next event that it must receive
/// from each channel.
final class ModelReader {
  let number: Int
  let user: String
  /// Whether it requests its channels by names that only the authorizer knows.
  let usesAliases: Bool
  /// The channels that it requests.
  let channels: [String]
  /// Its progress in each channel.
  var progress: [String: ReaderProgress] = [:]
  var visit: ReaderVisit?
  private(set) var parser = EventStreamParser(reportsComments: true)
  /// Whether its last event ID covers everything that it received, according to the guarantees.
  private(set) var hasSoundID = false
  /// The schedule, which reports failures and knows everything else.
  unowned let world: Schedule
  /// The schedule's names. Events refer to channels by index.
  private let names: [String]

  init(number: Int, channels: [String], usesAliases: Bool, world: Schedule) {
    self.usesAliases = usesAliases
    self.number = number
    self.channels = channels
    self.world = world
    names = world.options.names
    user = "user \(number % 3)"
    for name in channels { progress[name] = ReaderProgress() }
  }

  var lastEventID: String? { parser.lastEventID.isEmpty ? nil : parser.lastEventID }
  /// Whether its ID belongs to an earlier life of the channel and no history has its events.
  func isOfOldLife(_ name: String) -> Bool {
    world.options.history == .none && progress[name]!.life != world.ledger.lives[name]
  }

  var isConnected: Bool { visit.map { !$0.isOver } ?? false }

  /// Resets the reader, as if it had never read.
  func forgetEverything(mayRepeat: Bool = false) {
    parser = EventStreamParser(reportsComments: true)
    hasSoundID = false
    for name in channels {
      progress[name] = ReaderProgress()
      progress[name]!.mayRepeat = mayRepeat
    }
  }

  /// Returns the name by which it requests a channel.
  func requestedName(_ name: String) -> String {
    usesAliases ? "me \(names.firstIndex(of: name)!)" : world.channelName(name).rawValue
  }

  /// Begins a new visit. Resets the parser except for the last event ID.
  func begin(_ visit: ReaderVisit) {
    parser.reset()
    self.visit = visit
    for name in channels {
      progress[name]!.isLive = false
      progress[name]!.isRemoved = false
      progress[name]!.recent = []
      progress[name]!.passedOver = nil
      progress[name]!.hasAhead = nil
    }
  }

  /// Records that a reader has received the head. It must receive everything that is published from then on.
  func headCame(_ visit: ReaderVisit) {
    for name in visit.channels {
      visit.livesAtHead[name] = world.ledger.lives[name, default: 0]
      guard visit.sentID == nil else { continue }
      let published = world.ledger.published[name] ?? 0
      var new = ReaderProgress()
      new.hasBegun = true
      new.next = published
      // Its position may date from any time since the request.
      new.earliest = visit.publishedWhenAsked[name] ?? 0
      new.latest = world.ledger.count(name)
      new.life = world.ledger.lives[name]
      if visit.endpoint.snapshotForNewReaders != nil {
        // The state may have been requested before the head.
        new.owesSnapshot =
          visit.hadState.contains(name) && visit.livesWhenAsked[name] == world.ledger.lives[name]
          && world.snapshots.published[name]?.isEmpty == false
        new.awaitsSnapshot = true
      } else if visit.endpoint.replaysToNewReaders {
        world.coverage.note(.told(.replayedAll))
        // The number of events is known only if the log evicts nothing.
        new.next = world.firstPlaceHeld(of: name)
        new.isGapTold = !world.evictsNothing
        new.latest = nil
      } else if world.options.history == .none {
        new.isLive = visit.isFast
      }
      progress[name] = new
    }
    for name in visit.channels where hasLostID(of: name) { progress[name]!.mayRepeat = true }
    for name in visit.channels { visit.nextAtHead[name] = progress[name]!.next }
    if visit.sentID != nil { world.coverage.note(.told(.resumed)) }
  }

  /// Whether its last event is not in the history. The history may have another event with the same ID.
  private func hasLostID(of name: String) -> Bool {
    let next = progress[name]!.next
    guard next > 0, let entries = world.ledger.entries[name], next <= entries.count else { return false }
    return world.lostIDs.contains { id in
      entries[..<next].contains { $0.id.map { id.rawValue.utf8.elementsEqual($0) } ?? false }
    }
  }

  /// Parses the received bytes and compares the events with the expected ones.
  func takeIn() {
    guard let visit, visit.connection.response.head?.status == 200 else { return }
    var body = visit.connection.response.takeBody()
    if let decoder = visit.decoder {
      body = decoder.decode(body)
      if let flaw = decoder.flaw { world.report(.contentCoding, "reader \(number) cannot decode its stream: \(flaw)") }
      world.coverage.note(.told(.compressed))
    }
    guard !body.isEmpty else { return }
    visit.tail = Array((visit.tail + body.suffix(8192)).suffix(8192))
    if visit.firstBytes.count < 64 { visit.firstBytes += body.prefix(64) }
    do {
      try parser.parse(body) { element in
        switch element {
        case .event(let event): receive(event, visit)
        case .reconnectionTime: world.coverage.note(.told(.retry))
        default: world.coverage.note(.told(.comment))
        }
      }
    } catch {
      world.report(.fidelity, "the stream cannot be parsed: \(error)")
    }
  }

  private func receive(_ event: ReceivedEvent, _ visit: ReaderVisit) {
    world.trace("  reader \(number) gets \(event.type) \(event.data.prefix(100)) id \(event.lastEventID.prefix(80))")
    switch event.type {
    case "eventsource-gap": return gap(event.data, visit)
    case "eventsource-removed": return removed(event.data, visit)
    default: break
    }
    let parts = event.data.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count >= 2, let token = Int(parts[1].prefix { $0.isNumber }) else {
      return world.report(.fidelity, "unknown data \(event.data)")
    }
    if event.type.hasPrefix("snapshot") {
      let name = names[Int(event.data.split(separator: " ")[3])!]
      return snapshot(event.type, token, name)
    }
    hasSoundID =
      visit.hasSoundIDs
      && (visit.channels.count == 1 || (visit.hasAnswers && visit.channels.allSatisfy { isKnown($0, visit) }))
    // The ID of a stream covers only the channels of that stream.
    for name in channels where !visit.channels.contains(name) { progress[name]!.hasBegun = false }
    guard let index = Int(parts[0]) else {
      // For an event in several channels, a stream of several channels does not reveal which copy it is.
      if channels.count == 1 { judge(event, token, channels[0], visit) } else { noteShared(token, visit) }
      return
    }
    guard let name = visit.channels.first(where: { $0 == names[index] }) else {
      return world.report(.authorization, "reader \(number) of \(visit.channels) got \(event.data.prefix(40))")
    }
    judge(event, token, name, visit)
  }
}

extension ModelReader {
  /// Whether the hub knows the reader's position in a channel. It does not while the first event of the channel's life
  /// is being recorded, or if the channel was removed before its history had named its newest event.
  fileprivate func isKnown(_ name: String, _ visit: ReaderVisit) -> Bool {
    if visit.hadEvents.contains(name) || visit.received.contains(name) { return true }
    return !world.recordingsBegun.contains(name) && (visit.answered.contains(name) || !world.wasRemoved(name, visit))
  }

  /// Records a copy of an event from one of its channels. Events before it may have been left out, where that is
  /// allowed.
  fileprivate func noteShared(_ token: Int, _ visit: ReaderVisit) {
    for name in visit.channels {
      guard let place = world.ledger.place(of: token, in: name), place >= progress[name]!.next else { continue }
      let mayLeaveOut =
        world.window(name, visit) != nil || world.reconfigured.contains(name) || world.isConflating(name, visit)
      if mayLeaveOut { progress[name]!.latest = max(progress[name]!.latest ?? 0, place + 1) }
    }
  }
}

/// The progress of a reader in one channel.
struct ReaderProgress {
  /// Whether it was promised something, because it has received a head, an event or a gap.
  var hasBegun = false
  /// The place of the next event that it must receive.
  var next = 0
  /// The same, without events that are only in the history: these have no order relative to published ones. `nil` if
  /// only such events have arrived since a gap.
  var sure: Int? = 0
  /// The places that a long replay has passed over, because the history has a newer event with the ID of the last one.
  var passedOver: Range<Int>?
  /// The places that came before those passed over.
  var hasAhead: Range<Int>?
  /// The life of the channel to which `next` refers.
  var life: Int?
  /// The earliest place at which a new reader may begin instead. It gets its position before its head.
  var earliest: Int?
  /// The latest such place. An event was being recorded.
  var latest: Int?
  /// Whether the stream has reported missing events and has not yet delivered the next one.
  var isGapTold = false
  /// Whether the reader's position is unknown, so that it may receive events again.
  var mayRepeat = false
  /// Whether it has been caught up at some time in this visit.
  var isLive = false
  /// Whether it was notified that the channel was removed.
  var isRemoved = false
  /// Whether the state comes first, and whether it must come.
  var awaitsSnapshot = false
  var owesSnapshot = false
  /// The times of its last events, for a stream that coalesces them.
  var recent: [Duration] = []
}
