/// The last event ID on a stream of several channels: one ID for each channel of which the reader has an event.
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

  private static func encode(_ part: String, into text: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in part.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        text.append(byte)
      default:
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
  }
}
