/// The last event ID of a stream with several channels: the reader's position in each.
///
/// It consists of `*` and comma-separated `channel:id` pairs, such as `*news:17,sports:k3f9x2ab1-4`. Everything except
/// unreserved ASCII is percent-encoded, so it survives any field or query. A long name is replaced by `~` and a hash.
/// An empty ID means that the reader has nothing yet and will get everything. Readers treat it as opaque. When it comes
/// back, the server parses it as hostile input. No event may have an ID that begins with `*`.
struct CompositeEventID: Equatable {
  private var ids: [(channel: String, id: String)] = []

  /// The maximum number of channels that are parsed, which bounds the cost of a peer's text.
  static let mostChannels = 256
  /// The maximum length of an encoded name that is not hashed.
  private static let longestName = 24

  /// Parses an ID. `nil` if it is not a composite or names a channel twice.
  init?(parsing text: String) {
    guard text.utf8.first == UInt8(ascii: "*") else { return nil }
    let rest = text.utf8.dropFirst()
    guard !rest.isEmpty else { return }
    var names: Set<ExactString> = []
    for pair in rest.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let sides = pair.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard ids.count < Self.mostChannels, sides.count == 2, !sides[0].isEmpty,
        let channel = String(validating: sides[0], as: UTF8.self), let id = percentDecoded(sides[1]),
        id.utf8.allSatisfy({ $0 != 0 && $0 != 10 && $0 != 13 }), names.insert(ExactString(channel)).inserted
      else { return nil }
      ids.append((channel, id))
    }
  }

  /// Returns a channel's ID. It is empty if the reader has nothing yet, and `nil` if the channel is not named.
  ///
  /// - Parameter isHidden: Whether the reader requested the channel by another name, so that the ID contains a hash of
  ///   its own name. An ID that was created in the other form is understood as well.
  subscript(channel: String, isHidden isHidden: Bool = false) -> String? {
    for isHidden in [isHidden, !isHidden] {
      let token = Self.token(ofName: channel, isHidden: isHidden)
      if let known = ids.first(where: { $0.channel.utf8.elementsEqual(token) }) { return known.id }
    }
    return nil
  }

  static func == (left: CompositeEventID, right: CompositeEventID) -> Bool {
    left.ids.elementsEqual(right.ids) {
      $0.channel.utf8.elementsEqual($1.channel.utf8) && $0.id.utf8.elementsEqual($1.id.utf8)
    }
  }

  /// Returns the channel's token, at most 24 bytes.
  static func token(ofName name: String, isHidden: Bool = false) -> [UInt8] {
    if !isHidden, name.utf8.first != UInt8(ascii: "~"), name.utf8.count <= longestName {
      let token = percentEncoded(name.utf8)
      if token.count <= longestName { return token }
    }
    // FNV-1a with 64 bits, the same in every process. If two channels of a stream collide, the reader gets a gap event,
    // because the ID of one is unknown in the other.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Array("~\(String(hash, radix: 36))".utf8)
  }

  private static let digits = Array("0123456789ABCDEF".utf8)

  static func percentEncoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    for byte in bytes {
      if isUnreserved(byte) {
        text.append(byte)
      } else {
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return text
  }

  /// RFC 3986, 2.3.
  static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
