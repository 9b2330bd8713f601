import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A conforming client over a simulated stack, which knows from the guarantees alone what it has to see next of each
/// channel.
final class ModelReader {
  let number: Int
  let user: String
  /// It asks for its channels by names that only the authorizer knows.
  let usesAliases: Bool
  /// The channels that it asks for.
  let channels: [String]
  /// What it has of each.
  var progress: [String: ReaderProgress] = [:]
  var visit: ReaderVisit?
  private(set) var parser = EventStreamParser(reportsComments: true)
  /// Its last event ID names everything that it was given, as far as the guarantees say.
  private(set) var hasSoundID = false
  /// Who judges: what else the world knows.
  unowned let world: Schedule
  /// Each channel by its index among the schedule's names.
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
  /// Its ID is of a life of the channel that is over, and nothing else has its events.
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

  /// By which name it asks for a channel.
  func requestedName(_ name: String) -> String {
    usesAliases ? "me \(names.firstIndex(of: name)!)" : world.channelName(name).rawValue
  }

  /// A new visit: the parser's state but for the last event ID is gone.
  func begin(_ visit: ReaderVisit) {
    parser.reset()
    self.visit = visit
    for name in channels {
      progress[name]!.isLive = false
      progress[name]!.isRemoved = false
      progress[name]!.recent = []
    }
  }

  /// Notes that a reader has received the head. It must get everything that is published from then on.
  func headCame(_ visit: ReaderVisit) {
    for name in visit.channels {
      visit.livesAtHead[name] = world.ledger.lives[name, default: 0]
      guard visit.sentID == nil else { continue }
      let published = world.ledger.published[name] ?? 0
      var new = ReaderProgress()
      new.hasBegun = true
      new.next = published
      // Its place may be from any time since it asked.
      new.earliest = visit.publishedWhenAsked[name] ?? 0
      new.latest = world.ledger.count(name)
      new.life = world.ledger.lives[name]
      if visit.endpoint.snapshotForNewReaders != nil {
        // The state may have been asked for before the head.
        new.owesSnapshot =
          visit.hadState.contains(name) && visit.livesWhenAsked[name] == world.ledger.lives[name]
          && world.snapshots.published[name]?.isEmpty == false
        new.awaitsSnapshot = true
      } else if visit.endpoint.replaysToNewReaders {
        world.coverage.note(.told(.replayedAll))
        // All that is held comes, and only of a log that evicts nothing is it known how much that is.
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

  /// The event that it has last is not in the history, which may have another one with the same ID.
  private func hasLostID(of name: String) -> Bool {
    let next = progress[name]!.next
    guard next > 0, let entries = world.ledger.entries[name], next <= entries.count else { return false }
    return world.lostIDs.contains { id in
      entries[..<next].contains { $0.id.map { id.rawValue.utf8.elementsEqual($0) } ?? false }
    }
  }

  /// Parses what has come and compares it with what has to come.
  func takeIn() {
    guard let visit, visit.connection.response.head?.status == 200 else { return }
    let body = visit.connection.response.takeBody()
    guard !body.isEmpty else { return }
    visit.tail = Array((visit.tail + body.suffix(1024)).suffix(1024))
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
      && (visit.channels.count == 1 || (world.wasIdle && visit.channels.allSatisfy { isKnown($0, visit) }))
    // The ID of a stream of some channels says nothing of the others.
    for name in channels where !visit.channels.contains(name) { progress[name]!.hasBegun = false }
    guard let index = Int(parts[0]) else {
      // Of an event for several channels a stream of several cannot say which copy it is.
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
  /// The hub knows what it has of a channel: not where the first event of its life is being recorded.
  fileprivate func isKnown(_ name: String, _ visit: ReaderVisit) -> Bool {
    !world.recordingsBegun.contains(name) || visit.hadEvents.contains(name) || visit.received.contains(name)
  }

  /// One copy of an event came, of one of its channels. Where events may be left out, those before it may have been.
  fileprivate func noteShared(_ token: Int, _ visit: ReaderVisit) {
    for name in visit.channels {
      guard let place = world.ledger.place(of: token, in: name), place >= progress[name]!.next else { continue }
      let mayLeaveOut =
        world.window(name, visit) != nil || world.reconfigured.contains(name) || world.isConflating(name, visit)
      if mayLeaveOut { progress[name]!.latest = max(progress[name]!.latest ?? 0, place + 1) }
    }
  }
}

/// What a reader has of one channel.
struct ReaderProgress {
  /// It was promised something: it has seen a head, an event, or a gap.
  var hasBegun = false
  /// The place of the next event that it has to be given.
  var next = 0
  /// The same, without events that are in the history alone: what is published has no order with those. nil: after a
  /// gap only such have come.
  var sure: Int? = 0
  /// The life of the channel of which that was said.
  var life: Int?
  /// Where a new reader may begin instead, at the earliest: it had its place before its head.
  var earliest: Int?
  /// The same, at the latest: an event was being recorded.
  var latest: Int?
  /// The stream has said that events are missing, and has not yet shown the next one.
  var isGapTold = false
  /// Nobody knows where the reader stood: what it gets may repeat what it has.
  var mayRepeat = false
  /// It has had everything at some time in this visit.
  var isLive = false
  /// It was told that the channel is gone.
  var isRemoved = false
  /// The state comes first; and whether it has to come.
  var awaitsSnapshot = false
  var owesSnapshot = false
  /// When it got its last events, of a stream that coalesces them.
  var recent: [Duration] = []
}
