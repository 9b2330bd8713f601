/// The last event ID on a stream of several channels: one ID for each of them.
///
/// Written as `*` and comma-separated `channel:id` pairs, in which everything but unreserved ASCII is percent-encoded,
/// so that it survives any field or query: `*news:17,sports:k3f9-4`. Readers treat it as opaque; the server takes it
/// apart when it comes back, as it would any hostile input.
struct CompositeEventID: Equatable {
  var ids: [(channel: String, id: String)]

  init(_ ids: [(channel: String, id: String)]) { self.ids = ids }

  /// More channels than any stream has are not looked at: a peer's text does not cost more than it should.
  static let mostChannels = 256

  /// Takes one apart; nil if it is not one, or names a channel twice.
  init?(parsing text: String) {
    guard text.utf8.first == UInt8(ascii: "*") else { return nil }
    ids = []
    for pair in text.utf8.dropFirst().split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let sides = pair.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard ids.count < Self.mostChannels, sides.count == 2, !sides[0].isEmpty, let channel = percentDecoded(sides[0]),
        let id = percentDecoded(sides[1]), id.utf8.allSatisfy({ $0 != 0 && $0 != 10 && $0 != 13 }),
        self[channel] == nil
      else { return nil }
      ids.append((channel, id))
    }
  }

  /// The ID of a channel, if there is one.
  subscript(channel: String) -> String? {
    ids.first { $0.channel.utf8.elementsEqual(channel.utf8) }?.id
  }

  /// The text, at most so many bytes; nil: there is none. Where it would be longer, a channel's ID is left empty, the
  /// longest first: nobody can resume after that, and the reader is told so.
  func text(maximumBytes: Int) -> String? {
    var fitting = self
    while true {
      let text = fitting.text
      if text.utf8.count <= maximumBytes { return text }
      let longest = fitting.ids.indices.max { fitting.ids[$0].id.utf8.count < fitting.ids[$1].id.utf8.count }
      guard let longest, !fitting.ids[longest].id.isEmpty else { return nil }
      fitting.ids[longest].id = ""
    }
  }

  var text: String {
    var text: [UInt8] = [UInt8(ascii: "*")]
    for (index, pair) in ids.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      Self.encode(pair.channel, into: &text)
      text.append(UInt8(ascii: ":"))
      Self.encode(pair.id, into: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  static func == (left: CompositeEventID, right: CompositeEventID) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  fileprivate static func encode(_ part: String, into text: inout [UInt8]) {
    for byte in part.utf8 { encode(byte, into: &text) }
  }

  private static let digits = Array("0123456789ABCDEF".utf8)

  fileprivate static func encode(_ byte: UInt8, into text: inout [UInt8]) {
    if isUnreserved(byte) {
      text.append(byte)
    } else {
      text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }

  /// RFC 3986, 2.3.
  fileprivate static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}

/// A stream's composite ID as it moves on: kept as its text, in which each event replaces the ID of one channel.
struct MovingCompositeEventID {
  private var text: [UInt8] = [UInt8(ascii: "*")]
  /// Where the channels' IDs are in the text.
  private var places: [Range<Int>] = []

  mutating func append(channel: String, id: String) {
    if !places.isEmpty { text.append(UInt8(ascii: ",")) }
    CompositeEventID.encode(channel, into: &text)
    text.append(UInt8(ascii: ":"))
    let begin = text.count
    CompositeEventID.encode(id, into: &text)
    places.append(begin..<text.count)
  }

  /// Constant time, as long as the IDs are equally long and in unreserved ASCII: then one takes the other's place.
  mutating func replace(_ index: Int, by id: some Collection<UInt8>) {
    let place = places[index]
    guard id.count == place.count, id.allSatisfy(CompositeEventID.isUnreserved) else {
      var encoded: [UInt8] = []
      for byte in id { CompositeEventID.encode(byte, into: &encoded) }
      text.replaceSubrange(place, with: encoded)
      places[index] = place.lowerBound..<(place.lowerBound + encoded.count)
      let growth = encoded.count - place.count
      for later in places.indices[(index + 1)...] {
        places[later] = (places[later].lowerBound + growth)..<(places[later].upperBound + growth)
      }
      return
    }
    var at = place.lowerBound
    for byte in id {
      text[at] = byte
      at += 1
    }
  }

  /// The text, by the rule of ``CompositeEventID/text(maximumBytes:)``.
  func text(maximumBytes: Int) -> [UInt8]? {
    guard text.count > maximumBytes else { return text }
    let ids = CompositeEventID(parsing: String(decoding: text, as: UTF8.self))
    return ids?.text(maximumBytes: maximumBytes).map { Array($0.utf8) }
  }
}
