/// Maintains a stream's composite ID: each event replaces the entry of one channel.
///
/// The ID is never longer than the endpoint accepts back. Entries that do not fit are shortened, then omitted. A
/// returning reader gets a gap event for an omitted channel.
struct CompositeIDWriter {
  private struct Entry {
    /// The channel's name and a colon.
    let name: [UInt8]
    /// The prefix of the channel's generated IDs.
    let idPrefix: String
    var claim: ChannelClaim
    /// The range of the ID in the text. `nil` if the channel is omitted.
    var place: Range<Int>?
  }

  private var entries: [Entry] = []
  private let maximumBytes: Int
  /// The encoded ID.
  private(set) var text: [UInt8] = [UInt8(ascii: "*")]

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Returns the reader's position in a channel.
  subscript(index: Int) -> ChannelClaim { entries[index].claim }

  mutating func append(_ channel: ChannelName, isHidden: Bool = false, idPrefix: String, _ claim: ChannelClaim) {
    let name = CompositeEventID.token(ofName: channel.rawValue, isHidden: isHidden) + [UInt8(ascii: ":")]
    entries.append(Entry(name: name, idPrefix: idPrefix, claim: claim, place: nil))
    rebuild()
  }

  /// Replaces a channel's entry. Constant time if the new ID has the length of the previous one, which it then
  /// overwrites.
  mutating func replace(_ index: Int, by claim: ChannelClaim) {
    guard claim != entries[index].claim else { return }
    entries[index].claim = claim
    if let place = entries[index].place, write(claim, behind: entries[index].idPrefix, at: place) { return }
    rebuild()
  }

  /// Overwrites an ID with one of the same length.
  ///
  /// - Returns: `false` if the text must be rebuilt.
  private mutating func write(_ claim: ChannelClaim, behind prefix: String, at place: Range<Int>) -> Bool {
    switch claim {
    case .number(let number): return write(number, behind: prefix, at: place)
    case .own(let id, _):
      guard id.utf8.count == place.count, id.utf8.allSatisfy(CompositeEventID.isUnreserved) else { return false }
      for (index, byte) in zip(place, id.utf8) { text[index] = byte }
      return true
    case .unknown, .beginning: return false
    }
  }

  /// Copies the positions that another writer knows and this one does not. Both have the same cursors.
  mutating func merge(_ other: CompositeIDWriter) {
    for index in entries.indices { learn(index, other[index]) }
  }

  /// Sets the reader's position in a channel where it was unknown.
  mutating func learn(_ index: Int, _ claim: ChannelClaim) {
    if entries[index].claim == .unknown { replace(index, by: claim) }
  }

  /// Omits a channel that was removed.
  mutating func leaveOut(_ index: Int) { replace(index, by: .unknown) }

  private mutating func write(_ number: UInt64, behind prefix: String, at place: Range<Int>) -> Bool {
    let digits = place.count - prefix.utf8.count
    var rest = number
    guard digits > 0, text[place].starts(with: prefix.utf8) else { return false }
    var at = place.upperBound
    for index in 0..<digits {
      guard rest > 0 || index == 0 else { return false }
      at -= 1
      text[at] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    // The number has become longer, so the text is rebuilt.
    return rest == 0
  }

  private mutating func rebuild() {
    text = [UInt8(ascii: "*")]
    // Each channel has an equal share, so that the long IDs of one do not displace another.
    let share = (maximumBytes - 1) / max(entries.count, 1)
    for index in entries.indices {
      entries[index].place = nil
      let entry = entries[index]
      let room = min(share, maximumBytes - text.count) - entry.name.count - 1
      guard let id = Self.id(entry, room: room) else { continue }
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      text += entry.name
      let begin = text.count
      text += id
      entries[index].place = begin..<text.count
    }
  }

  private static func id(_ entry: Entry, room: Int) -> [UInt8]? {
    guard room >= 0 else { return nil }
    let id: [UInt8]
    switch entry.claim {
    case .unknown: return nil
    case .beginning: return []
    case .number(let number): id = Array("\(entry.idPrefix)\(number)".utf8)
    case .own(let own, let number):
      let encoded = CompositeEventID.percentEncoded(own.utf8)
      if encoded.count <= room { return encoded }
      guard let number else { return nil }
      id = Array("\(entry.idPrefix)\(number)".utf8)
    }
    return id.count <= room ? id : nil
  }
}
