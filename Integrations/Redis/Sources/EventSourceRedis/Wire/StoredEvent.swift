internal import EventSourceFormat
internal import EventSourceServer

/// The encoding of an event in stream entries and messages. Each field is a letter, its length in bytes, a colon and
/// its bytes. A full stop follows the last field, as in `d5:hellot6:update.` Letters: `d` data, `t` type, `r`
/// reconnection time in milliseconds, `i` the event's own ID, `k` the publisher's key.
struct StoredEvent: Equatable {
  var data = ""
  var type: String?
  var retry: String?
  var id: String?
  var key: String?

  init(_ publication: SharedPublication) {
    let event = publication.event
    data = event.data
    type = event.type?.rawValue
    id = event.id?.rawValue
    key = publication.key
    retry = event.reconnectionTime.map { time in
      let (seconds, attoseconds) = time.components
      return "\(max(0, seconds) * 1000 + max(0, attoseconds) / 1_000_000_000_000_000)"
    }
  }

  func append(to bytes: inout [UInt8]) {
    forEachField { letter, value in
      bytes.append(letter)
      bytes.append(decimal: value.utf8.count)
      bytes.append(UInt8(ascii: ":"))
      bytes += value.utf8
    }
    bytes.append(UInt8(ascii: "."))
  }

  /// The number of bytes that ``append(to:)`` appends.
  var byteCount: Int {
    var count = 1
    forEachField { _, value in
      var length = value.utf8.count
      count += 3 + length
      while length >= 10 {
        length /= 10
        count += 1
      }
    }
    return count
  }

  private func forEachField(_ body: (_ letter: UInt8, _ value: String) -> Void) {
    body(UInt8(ascii: "d"), data)
    if let type { body(UInt8(ascii: "t"), type) }
    if let retry { body(UInt8(ascii: "r"), retry) }
    if let id { body(UInt8(ascii: "i"), id) }
    if let key { body(UInt8(ascii: "k"), key) }
  }

  /// Parses the next event from some bytes. Returns `nil` if they are not an encoded event.
  init?(_ bytes: inout ArraySlice<UInt8>) {
    while let letter = bytes.popFirst() {
      if letter == UInt8(ascii: ".") { return }
      guard let length = Self.length(&bytes), length <= bytes.count else { return nil }
      let value = String(decoding: bytes.prefix(length), as: UTF8.self)
      bytes = bytes.dropFirst(length)
      switch letter {
      case UInt8(ascii: "d"): data = value
      case UInt8(ascii: "t"): type = value
      case UInt8(ascii: "r"): retry = value
      case UInt8(ascii: "i"): id = value
      case UInt8(ascii: "k"): key = value
      // A field of a later version.
      default: break
      }
    }
    return nil
  }

  private static func length(_ bytes: inout ArraySlice<UInt8>) -> Int? {
    var length = 0
    var digits = 0
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: ":") { return digits > 0 ? length : nil }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits < 10 else { return nil }
      length = length * 10 + Int(byte - UInt8(ascii: "0"))
      digits += 1
    }
    return nil
  }

  /// Returns the event at a position, or `nil` if a field has an invalid value.
  func event(at position: SharedPosition) -> SharedEvent? {
    guard let id = try? EventID(id ?? position.description), (try? id.checkReturnable()) != nil else { return nil }
    var event = ServerSentEvent(data: data, id: id)
    if let type {
      guard let type = try? EventType(type) else { return nil }
      event.type = type
    }
    if let retry {
      guard let milliseconds = Int64(retry), milliseconds >= 0 else { return nil }
      event.reconnectionTime = .milliseconds(milliseconds)
    }
    return SharedEvent(position: position, event: event, key: key)
  }
}

extension SharedPosition {
  /// Parses a position in the format of ``description``. Returns `nil` for any other format.
  init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 2, let epoch = UInt64(Substring(parts[0])), let number = UInt64(Substring(parts[1])) else {
      return nil
    }
    self.init(epoch: epoch, number: number)
    guard description.utf8.elementsEqual(text.utf8) else { return nil }
  }
}
