import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Foundation

extension ModelReader {
  /// Compares an event with the expected one.
  func judge(_ event: ReceivedEvent, _ token: Int, _ name: String, _ visit: ReaderVisit) {
    world.coverage.note(.told(.event))
    guard let place = world.ledger.place(of: token, in: name, isSeen: true),
      let entry = world.ledger.entries[name]?[place]
    else { return world.report(.fidelity, "\(world.short(name)) \(token) was never published") }
    if !event.data.utf8.elementsEqual(entry.data.utf8) {
      world.report(.fidelity, "event \(token) came as \(event.data.debugDescription.prefix(80))")
    }
    if let id = entry.id, visit.channels.count == 1, Array(event.lastEventID.utf8) != id {
      world.report(
        .identity,
        "event \(token) came with the ID \(event.lastEventID) instead of \(String(decoding: id, as: UTF8.self))")
    }
    world.judgeHistory(token, name, entry)
    var now = progress[name]!
    defer { progress[name] = now }
    if now.isRemoved { world.report(.life, "an event of \(world.short(name)) came after its removal was told") }
    if now.owesSnapshot {
      world.report(.gaps, "events of \(world.short(name)) came without the state that goes before them")
    }
    let expected = now.next
    let latest = max(expected, now.latest ?? expected)
    let isConflating = world.isConflating(name, visit)
    let window = world.window(name, visit)
    let isCoalescing = window != nil
    var isRight = place == expected || !now.hasBegun
    if !isRight, now.isGapTold { isRight = place >= expected || now.mayRepeat }
    if !isRight, !now.isGapTold, now.mayRepeat { isRight = place < expected }
    if !isRight { isRight = (min(expected, now.earliest ?? expected)...latest).contains(place) }
    if !isRight, place > expected {
      isRight = (expected...min(latest, place)).contains {
        world.ledger.canGoOn(from: $0, to: place, in: name, isConflating: isConflating, skipsShared: channels.count > 1)
      }
      if isRight, isConflating { world.coverage.note(.told(.conflated)) }
    }
    if !isRight, place < expected, world.ledger.areInHistoryAlone((place + 1)..<expected, in: name) {
      isRight =
        now.sure.map {
          $0 <= place && world.ledger.canGoOn(from: $0, to: place, in: name, skipsShared: channels.count > 1)
        } ?? true
    }
    if !isRight, isCoalescing, place > expected {
      isRight = true
      world.coverage.note(.told(.coalesced))
    }
    // A history is asked for what follows the last replayed event, and so continues after the newest with the same ID.
    if !isRight, world.options.history != .none, place > expected, expected > 0,
      let entries = world.ledger.entries[name], let id = entries[expected - 1].id
    {
      isRight = entries[(place - 1)...].contains { $0.id == id }
    }
    if isRight, world.options.history != .none, world.ledger.repeatsID(between: expected, and: place, in: name) {
      now.passedOver = expected..<place
    }
    // Events that were passed over and are published only now arrive now. Those that came instead are not repeated.
    if !isRight, let passedOver = now.passedOver, passedOver.contains(place) {
      isRight = true
      now.hasAhead = passedOver.upperBound..<expected
      now.passedOver = nil
    }
    if !isRight, !world.lostHistory.contains(name) {
      world.report(
        place > expected ? .gaps : .resume,
        "reader \(number): \(name) \(place) came instead of \(expected)\(now.isGapTold ? " after a gap" : "")"
      )
    }
    visit.received.insert(name)
    now.next = place + 1
    if let ahead = now.hasAhead, ahead.lowerBound == now.next { now.next = ahead.upperBound }
    if !world.ledger.areInHistoryAlone(place..<(place + 1), in: name) { now.sure = place + 1 }
    now.hasBegun = true
    now.life = entry.life
    now.earliest = nil
    now.latest = nil
    now.isGapTold = false
    now.mayRepeat = false
    now.awaitsSnapshot = false
    if let window { judgeWindow(&now, visit, window) }
  }

  /// Checks that at most one event arrives per window. Of four consecutive events, the first and the last cannot be in
  /// the same window.
  private func judgeWindow(_ now: inout ReaderProgress, _ visit: ReaderVisit, _ window: Duration) {
    guard world.options.history == .none, !world.reconfigured.contains(visit.channels[0]), visit.channels.count == 1,
      !visit.keepsBytes
    else { return }
    // An event that was due while the connection was blocked is sent late. It counts for the window of that time.
    guard visit.blockedSince == nil else {
      now.recent = []
      return
    }
    now.recent.append(visit.lastWrite)
    guard now.recent.count > 3 else { return }
    let first = now.recent.removeFirst()
    if visit.lastWrite - first < window {
      world.report(.slowReaders, "reader \(number) was given four events within \(visit.lastWrite - first)")
    }
  }

  func gap(_ data: String, _ visit: ReaderVisit) {
    guard let gap = try? JSONDecoder().decode(Gap.self, from: Data(data.utf8)),
      let name = visit.channels.first(where: { requestedName($0).utf8.elementsEqual(gap.channel.utf8) })
    else { return world.report(.fidelity, "a gap as \(data)") }
    world.coverage.note(.told(.gap))
    if let flaw = world.flawOfGap(self, name, visit) {
      world.report(.gaps, "reader \(number) is told of a gap in \(world.short(name)): \(flaw); \(data.prefix(120))")
    }
    // The reader was too far behind, perhaps because its lane was suspended.
    if gap.lastEventID == nil { visit.wasSlow = true }
    visit.idleRuns = 0
    progress[name]!.hasBegun = true
    progress[name]!.isGapTold = true
    progress[name]!.sure = nil
    progress[name]!.owesSnapshot = false
    progress[name]!.latest = nil
    if case .snapshot = visit.endpoint.gapPolicy { progress[name]!.awaitsSnapshot = true }
    if gap.earliestAvailable == nil {
      world.coverage.note(.told(.gapWithoutEarliest))
      progress[name]!.mayRepeat = true
    }
  }

  func removed(_ data: String, _ visit: ReaderVisit) {
    guard let gap = try? JSONDecoder().decode(Gap.self, from: Data(data.utf8)),
      let name = visit.channels.first(where: { requestedName($0).utf8.elementsEqual(gap.channel.utf8) })
    else { return world.report(.fidelity, "a removal as \(data)") }
    world.coverage.note(.told(.removed))
    if visit.endpoint.channelRemoval != .endsChannel || visit.channels.count == 1 || !world.wasRemoved(name, visit) {
      world.report(.life, "reader \(number) is told that \(world.short(name)) is removed")
    }
    progress[name]!.isRemoved = true
  }

  func snapshot(_ type: String, _ place: Int, _ name: String) {
    guard var now = progress[name] else { return }
    defer { progress[name] = now }
    world.coverage.note(.told(.snapshot))
    if !now.awaitsSnapshot { world.report(.gaps, "a snapshot of \(world.short(name)) that nobody needs") }
    guard type != "snapshot-part" else { return }
    now.owesSnapshot = false
    now.awaitsSnapshot = false
    // After a state that is older than the reader's events, the stream continues after that state, without a further
    // gap event.
    now.next = place + 1
    // A channel created on demand may have been forgotten since. The events in between are then unknown.
    now.isGapTold = world.options.hub.channelCreation == .onDemand
    now.latest = nil
    now.mayRepeat = type == "snapshot-without"
  }

  private struct Gap: Decodable {
    let channel: String
    let lastEventID: String?
    let earliestAvailable: String?
  }
}
