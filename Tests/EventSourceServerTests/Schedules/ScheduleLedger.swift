import EventSourceFormat
import EventSourceServer

/// The events published in a schedule: for each channel in their one order, over all its lives.
final class ScheduleLedger {
  struct Entry {
    let token: Int
    let key: String
    let data: String
    /// The life of the channel in which it was published.
    let life: Int
    /// The bytes of its ID, once known.
    var id: [UInt8]?
    /// Whether a reader may miss the event: it was promised to no reader, or it is only in a history.
    var isOptional = false
    /// Whether it was published to several channels at once. A stream of several cannot distinguish its copies.
    var isShared = false
    /// Whether its publisher was notified that it is in the log.
    var isPublished = false
    /// The times of its publication, by the clock of each stack.
    var times: [Duration] = []
  }

  private(set) var entries: [String: [Entry]] = [:]
  /// The current life of each channel.
  private(set) var lives: [String: Int] = [:]
  /// The number of a channel's events known to be in its log. The others are being recorded.
  var published: [String: Int] = [:]
  private var places: [String: [Int: Int]] = [:]
  /// Events whose publication has begun. They may be delivered before it returns.
  private var announced: [Int: (key: String, data: String)] = [:]
  private var newest: [String: [String: Int]] = [:]
  private var tokens = 0
  private var forbidden: Set<Int> = []
  /// Whether an event was delivered although its publisher was notified that it was not recorded.
  private(set) var isForbiddenSeen = false
  /// The schedule's labels of the channels.
  var labels: [ChannelName: String] = [:]
  /// Returns the times of the stacks' clocks.
  var clocks: () -> [Duration] = { [] }

  func makeToken() -> Int {
    tokens += 1
    return tokens
  }

  /// Begins a new life of a channel.
  func beginLife(of name: String) { lives[name, default: 0] += 1 }

  /// Announces an event, which may be delivered from now on.
  func announce(_ token: Int, key: String, data: String) { announced[token] = (key, data) }

  /// Adds an event as the channel's last, and returns its place.
  @discardableResult
  func add(_ token: Int, to name: String, isOptional: Bool = false) -> Int {
    if let place = places[name]?[token] { return place }
    guard let (key, data) = announced[token] else { preconditionFailure("an event that was not announced") }
    if forbidden.contains(token) { isForbiddenSeen = true }
    let place = count(name)
    places[name, default: [:]][token] = place
    newest[name, default: [:]][key] = place
    entries[name, default: []].append(
      Entry(
        token: token, key: key, data: data, life: lives[name, default: 0], id: nil, isOptional: isOptional,
        isShared: data.hasPrefix("*"), times: clocks()))
    return place
  }

  func setID(_ id: String, of token: Int, in name: String) {
    guard let place = places[name]?[token] else { return }
    entries[name]![place].id = Array(id.utf8)
  }

  /// Returns whether an event of a channel has or had an ID.
  func hasID(_ id: EventID?, in name: String) -> Bool {
    guard let id else { return false }
    return entries[name]?.contains { $0.id.map { id.rawValue.utf8.elementsEqual($0) } ?? false } ?? false
  }

  /// Records that an event is in the channel's log.
  func setPublished(_ token: Int, in name: String) {
    guard let place = places[name]?[token] else { return }
    entries[name]![place].isPublished = true
    published[name] = max(published[name] ?? 0, place + 1)
    entries[name]![place].times = clocks()
  }

  /// Returns whether all events of a range are in the history although their publishers were notified otherwise.
  func areInHistoryAlone(_ range: Range<Int>, in name: String) -> Bool {
    range.allSatisfy { entries[name]![$0].isOptional && !entries[name]![$0].isPublished }
  }

  /// Returns whether the channel's log has an event of the current life.
  func hasPublished(in name: String) -> Bool {
    entries[name]?.contains { $0.life == lives[name] && $0.isPublished } ?? false
  }

  /// Marks unpublished events as optional, because they may remain only in the history.
  func setUnpublishedOptional(in name: String) {
    for index in entries[name]?.indices ?? 0..<0 where !entries[name]![index].isPublished {
      entries[name]![index].isOptional = true
    }
  }

  func setOptional(_ token: Int, in name: String) {
    if let place = places[name]?[token] { entries[name]![place].isOptional = true }
  }

  /// Records whether an event was promised to its publisher. If so, no reader may miss it.
  func setPromised(_ token: Int, in name: String, isPromised: Bool) {
    if let place = places[name]?[token] { entries[name]![place].isOptional = !isPromised }
  }

  /// Records that the publisher was notified that the event is not recorded.
  func forbid(_ token: Int) {
    forbidden.insert(token)
    if places.values.contains(where: { $0[token] != nil }) { isForbiddenSeen = true }
  }

  /// Returns the number of events in a channel.
  func count(_ name: String) -> Int { entries[name]?.count ?? 0 }

  /// Returns the place of an event in a channel, from 0. An event that is first seen in a stream is added.
  func place(of token: Int, in name: String, isSeen: Bool = false) -> Int? {
    if let place = places[name]?[token] { return place }
    return isSeen && announced[token] != nil ? add(token, to: name, isOptional: true) : nil
  }

  func isAnnounced(_ token: Int) -> Bool { announced[token] != nil }

  func data(of token: Int) -> String? { announced[token]?.data }

  /// Returns whether each event of a range has a newer one with its key.
  func isSuperseded(_ range: Range<Int>, in name: String) -> Bool {
    range.allSatisfy { place in newest[name]![entries[name]![place].key]! > place }
  }

  /// Returns whether a reader may continue at a place instead of an earlier one without a gap event. It may if
  /// everything in between may be left out, or if a newer event has the ID of its last event, because that ID then
  /// means the newer one.
  func canGoOn(
    from expected: Int, to place: Int, in name: String, isConflating: Bool = false, skipsShared: Bool
  ) -> Bool {
    guard expected < place, let entries = entries[name], place <= entries.count else { return expected == place }
    var reached: Set<Int> = [expected]
    for at in expected..<place where reached.contains(at) {
      if entries[at].isOptional || (skipsShared && entries[at].isShared)
        || (isConflating && isSuperseded(at..<(at + 1), in: name))
      {
        reached.insert(at + 1)
      }
      guard at > 0, let id = entries[at - 1].id else { continue }
      for same in at..<place where entries[same].id == id { reached.insert(same + 1) }
    }
    return reached.contains(place)
  }

  /// Whether an event before `place` has the ID of an earlier one, which is not before the last one that a reader has.
  func repeatsID(between expected: Int, and place: Int, in name: String) -> Bool {
    guard expected < place, let entries = entries[name], place <= entries.count else { return false }
    var seen: Set<[UInt8]> = []
    for entry in entries[max(0, expected - 1)..<place] {
      if let id = entry.id, !seen.insert(id).inserted { return true }
    }
    return false
  }
}
