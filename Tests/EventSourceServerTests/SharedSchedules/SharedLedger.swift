/// The events published in a schedule, for each channel in their one order.
// Sendable, because it is used only from jobs that the test runs on its one thread.
final class SharedLedger: @unchecked Sendable {
  struct Entry {
    let token: Int
    let key: String
  }

  private(set) var entries: [String: [Entry]] = [:]
  private var places: [Int: Int] = [:]
  private var newest: [String: [String: Int]] = [:]
  /// The number of a channel's events known to be in its log. The others are being recorded.
  var published: [String: Int] = [:]
  private var tokens = 0

  func makeToken() -> Int {
    tokens += 1
    return tokens
  }

  /// Adds an event as the channel's last.
  func add(_ token: Int, key: String, to name: String) {
    places[token] = entries[name, default: []].count
    newest[name, default: [:]][key] = entries[name, default: []].count
    entries[name, default: []].append(Entry(token: token, key: key))
  }

  /// Returns the number of events in a channel.
  func count(_ name: String) -> Int { entries[name]?.count ?? 0 }

  /// Returns the place of an event in its channel, from 0.
  func place(of token: Int) -> Int? { places[token] }

  /// Returns whether each event of a range has a newer one with its key.
  func isSuperseded(_ range: Range<Int>, in name: String) -> Bool {
    range.allSatisfy { place in newest[name]![entries[name]![place].key]! > place }
  }
}
