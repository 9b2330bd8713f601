/// What was published in a schedule: for each channel its events in their one order.
// Sendable, because it is used only from jobs that the test runs on its one thread.
final class SharedLedger: @unchecked Sendable {
  struct Entry {
    let token: Int
    let key: String
  }

  private(set) var entries: [String: [Entry]] = [:]
  private var places: [Int: Int] = [:]
  private var newest: [String: [String: Int]] = [:]
  /// How many of a channel's events are known to be in its log; the others are being recorded.
  var published: [String: Int] = [:]
  private var tokens = 0

  func makeToken() -> Int {
    tokens += 1
    return tokens
  }

  /// The event becomes the channel's last.
  func add(_ token: Int, key: String, to name: String) {
    places[token] = entries[name, default: []].count
    newest[name, default: [:]][key] = entries[name, default: []].count
    entries[name, default: []].append(Entry(token: token, key: key))
  }

  /// How many events the channel has.
  func count(_ name: String) -> Int { entries[name]?.count ?? 0 }

  /// Which of the channel's events this is, from 0.
  func place(of token: Int) -> Int? { places[token] }

  /// Whether each of some events has a newer one of its key.
  func isSuperseded(_ range: Range<Int>, in name: String) -> Bool {
    range.allSatisfy { place in newest[name]![entries[name]![place].key]! > place }
  }
}
