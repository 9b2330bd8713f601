import EventSourceServer

/// What was published in a schedule: for each channel its events in their one order, over all its lives.
final class ScheduleLedger {
  struct Entry {
    let token: Int
    let key: String
    let data: String
    /// Which life of the channel it was published in.
    let life: Int
    /// The bytes of its ID, when that is known.
    var id: [UInt8]?
    /// Whether a reader may miss the event: it was promised to no reader, or it is in a history alone.
    var isOptional = false
    /// It was published to several channels at once: a stream of several cannot tell which of its copies is which.
    var isShared = false
    /// Its publisher was told that it is in the log.
    var isPublished = false
    /// When it was published, by the clock of each stack.
    var times: [Duration] = []
  }

  private(set) var entries: [String: [Entry]] = [:]
  /// The current life of each channel.
  private(set) var lives: [String: Int] = [:]
  /// How many of a channel's events are known to be in its log; the others are being recorded.
  var published: [String: Int] = [:]
  private var places: [String: [Int: Int]] = [:]
  /// Events whose publication was begun, and which may be seen before it has returned.
  private var announced: [Int: (key: String, data: String)] = [:]
  private var newest: [String: [String: Int]] = [:]
  private var tokens = 0
  private var forbidden: Set<Int> = []
  /// An event is there of which it was said that it is not.
  private(set) var isForbiddenSeen = false
  /// What the schedule calls the channels.
  var labels: [ChannelName: String] = [:]
  /// What the stacks' clocks say.
  var clocks: () -> [Duration] = { [] }

  func makeToken() -> Int {
    tokens += 1
    return tokens
  }

  /// A new life of the channel begins.
  func beginLife(of name: String) { lives[name, default: 0] += 1 }

  /// The event may appear from now on.
  func announce(_ token: Int, key: String, data: String) { announced[token] = (key, data) }

  /// The event becomes the channel's last; its place.
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

  /// It is in the channel's log.
  func setPublished(_ token: Int, in name: String) {
    guard let place = places[name]?[token] else { return }
    entries[name]![place].isPublished = true
    published[name] = max(published[name] ?? 0, place + 1)
    entries[name]![place].times = clocks()
  }

  /// Events whose publishers were told that they are not published, and which the history has.
  func areInHistoryAlone(_ range: Range<Int>, in name: String) -> Bool {
    range.allSatisfy { entries[name]![$0].isOptional && !entries[name]![$0].isPublished }
  }

  /// Something is in the channel's log of its current life.
  func hasPublished(in name: String) -> Bool {
    entries[name]?.contains { $0.life == lives[name] && $0.isPublished } ?? false
  }

  /// What is in the history may stay in it alone.
  func setUnpublishedOptional(in name: String) {
    for index in entries[name]?.indices ?? 0..<0 where !entries[name]![index].isPublished {
      entries[name]![index].isOptional = true
    }
  }

  func setOptional(_ token: Int, in name: String) {
    if let place = places[name]?[token] { entries[name]![place].isOptional = true }
  }

  /// Notes whether an event was promised to its publisher. If so, no reader may miss it.
  func setPromised(_ token: Int, in name: String, isPromised: Bool) {
    if let place = places[name]?[token] { entries[name]![place].isOptional = !isPromised }
  }

  /// Its publisher was told that it is not recorded.
  func forbid(_ token: Int) {
    forbidden.insert(token)
    if places.values.contains(where: { $0[token] != nil }) { isForbiddenSeen = true }
  }

  /// How many events the channel has.
  func count(_ name: String) -> Int { entries[name]?.count ?? 0 }

  /// Which of the channel's events this is, from 0; one that is seen first in a stream gets its place thereby.
  func place(of token: Int, in name: String, isSeen: Bool = false) -> Int? {
    if let place = places[name]?[token] { return place }
    return isSeen && announced[token] != nil ? add(token, to: name, isOptional: true) : nil
  }

  func isAnnounced(_ token: Int) -> Bool { announced[token] != nil }

  func data(of token: Int) -> String? { announced[token]?.data }

  /// Whether each of some events has a newer one of its key.
  func isSuperseded(_ range: Range<Int>, in name: String) -> Bool {
    range.allSatisfy { place in newest[name]![entries[name]![place].key]! > place }
  }

  /// Whether a reader may go on at a place instead of an earlier one, although nobody tells it of a gap: what lies
  /// between may be left out, or its last event has an ID that a newer one has, too, which then counts.
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
}
