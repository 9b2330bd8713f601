#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The buffers of the standard: what the lines since the last blank line have said.
struct EventBlock: Sendable {
  /// The last event ID buffer. It outlives blocks; a blank line commits it.
  private(set) var lastEventID: String
  /// The event type buffer.
  private var type = ""
  private var hasData = false
  /// The data buffer, as far as it is not borrowed.
  private var data: [UInt8] = []
  /// The first line of the data while it is the only one: where it lies in the bytes that are being parsed. Never kept
  /// beyond the call that lent them, because that call ends with ``own()``.
  private nonisolated(unsafe) var borrowed: UnsafeRawBufferPointer?
  /// The last type that was said, and its bytes: streams repeat themselves, and no new string is made then.
  private var lastType = ""
  private var lastTypeBytes: [UInt8] = []

  init(lastEventID: String) { self.lastEventID = lastEventID }

  /// How many bytes of data there are with another line.
  func dataCount(adding line: UnsafeRawBufferPointer) -> Int {
    hasData ? (borrowed?.count ?? data.count) + 1 + line.count : line.count
  }

  @inline(__always)
  mutating func addData(_ line: UnsafeRawBufferPointer, isBorrowed: Bool) {
    if !hasData {
      hasData = true
      if isBorrowed {
        borrowed = line
      } else {
        data.append(contentsOf: line)
      }
      return
    }
    own()
    data.append(UInt8(ascii: "\n"))
    data.append(contentsOf: line)
  }

  /// Copies what was borrowed.
  mutating func own() {
    guard let line = borrowed else { return }
    borrowed = nil
    data.append(contentsOf: line)
  }

  mutating func setType(_ value: UnsafeRawBufferPointer) {
    let isSame = lastTypeBytes.withUnsafeBytes { last in
      last.count == value.count && (last.isEmpty || memcmp(last.baseAddress!, value.baseAddress!, last.count) == 0)
    }
    if !isSame {
      lastTypeBytes = Array(value)
      lastType = String(decoding: value, as: UTF8.self)
    }
    type = lastType
  }

  mutating func setID(_ value: UnsafeRawBufferPointer) {
    lastEventID = String(decoding: value, as: UTF8.self)
  }

  /// The event at a blank line, if there is one; the buffers are empty then.
  @inline(__always)
  mutating func takeEvent() -> ReceivedEvent? {
    defer { type = "" }
    guard hasData else { return nil }
    hasData = false
    let text: String
    if let line = borrowed {
      borrowed = nil
      text = String(decoding: line, as: UTF8.self)
    } else {
      text = String(decoding: data, as: UTF8.self)
      data.removeAll(keepingCapacity: data.capacity <= Self.keptCapacity)
    }
    return ReceivedEvent(type: type.isEmpty ? "message" : type, data: text, lastEventID: lastEventID)
  }

  /// Memory for data that is not given back after each event.
  private static let keptCapacity = 1 << 20
}
