/// What was parsed of a piece of a stream: the piece itself, and where in it the data of its events lies.
///
/// To make a string of an event's data costs more than to find it. So that is done when somebody asks for the event,
/// which is mostly on another thread, and there the memory of the last event is used again for the next one.
package struct ParsedElements: Sendable {
  /// One event or comment.
  private struct Entry {
    /// Where the data is in the piece; of an element that is kept apart, its index.
    var start: UInt32
    /// How many bytes.
    var count: UInt32
    /// The index of the type; -1: the element is kept apart.
    var type: Int
    /// The ID, as ``IDText/short(low:high:)`` has it.
    var low: UInt64
    var high: UInt64
  }

  private let piece: [UInt8]
  private var entries: [Entry] = []
  private var types = ["message"]
  /// What does not lie in the piece as it is: events whose data is in several lines or pieces, or whose ID is long, and
  /// comments.
  private var apart: [EventStreamParser.Element] = []
  /// The number that the block had for the last type, whose index is the last.
  private var lastTypeNumber = 0
  /// The last reconnection time in the piece; nil: there is none.
  package private(set) var reconnectionTime: Duration?
  /// The number of elements before it.
  private var countAtReconnectionTime = 0

  /// Makes an empty one for a piece.
  ///
  /// - Parameter capacity: How many elements are expected.
  package init(_ piece: [UInt8], capacity: Int) {
    self.piece = piece
    entries.reserveCapacity(capacity)
  }

  /// How many events and comments there are.
  package var count: Int { entries.count }

  mutating func append(_ element: EventStreamParser.Element) {
    if case .reconnectionTime(let time) = element {
      reconnectionTime = time
      countAtReconnectionTime = entries.count
    } else {
      entries.append(Entry(start: UInt32(apart.count), count: 0, type: -1, low: 0, high: 0))
      apart.append(element)
    }
  }

  /// Adds the event whose data is a line of the piece.
  @inline(__always)
  mutating func append(_ line: UnsafeRawBufferPointer, of piece: UnsafeRawBufferPointer, _ block: inout EventBlock) {
    let (typeNumber, id) = block.takeHead()
    guard case .short(let low, let high) = id, piece.count <= Int(UInt32.max), let base = line.baseAddress,
      let start = piece.baseAddress
    else {
      return append(line, typeNumber, id, block.typeText)
    }
    var type = 0
    if typeNumber != 0 {
      if typeNumber != lastTypeNumber { append(block.typeText, typeNumber) }
      type = types.count - 1
    }
    entries.append(
      Entry(start: UInt32(base - start), count: UInt32(line.count), type: type, low: low, high: high))
  }

  @inline(never)
  private mutating func append(_ type: String, _ number: Int) {
    types.append(type)
    lastTypeNumber = number
  }

  @inline(never)
  private mutating func append(
    _ line: UnsafeRawBufferPointer, _ typeNumber: Int, _ id: IDText, _ type: String
  ) {
    let data = String(decoding: line, as: UTF8.self)
    append(.event(ReceivedEvent(type: typeNumber == 0 ? "message" : type, data: data, id: id)))
  }

  /// The event at an index; nil: there is a comment.
  package func event(at index: Int) -> ReceivedEvent? {
    let entry = entries[index]
    guard entry.type >= 0 else {
      guard case .event(let event) = apart[Int(entry.start)] else { return nil }
      return event
    }
    let data = piece.withUnsafeBytes { piece in
      let start = Int(entry.start)
      return String(decoding: UnsafeRawBufferPointer(rebasing: piece[start..<start + Int(entry.count)]), as: UTF8.self)
    }
    return ReceivedEvent(type: types[entry.type], data: data, id: .short(low: entry.low, high: entry.high))
  }

  /// The comment at an index; nil: there is an event.
  package func comment(at index: Int) -> String? {
    let entry = entries[index]
    guard entry.type < 0, case .comment(let text) = apart[Int(entry.start)] else { return nil }
    return text
  }

  /// The last event ID of the last event before an index; nil: there is no event before it.
  package func lastEventID(before index: Int) -> String? {
    for entry in entries[..<index].reversed() {
      if entry.type >= 0 { return IDText.short(low: entry.low, high: entry.high).string }
      if case .event(let event) = apart[Int(entry.start)] { return event.lastEventID }
    }
    return nil
  }

  /// Whether there is an event.
  package var hasEvent: Bool { entries.contains(where: isEvent) }

  /// Whether there is a reconnection time, and no event after it.
  package var endsWithReconnectionTime: Bool {
    reconnectionTime != nil && !entries[countAtReconnectionTime...].contains(where: isEvent)
  }

  private func isEvent(_ entry: Entry) -> Bool {
    if entry.type >= 0 { return true }
    if case .event = apart[Int(entry.start)] { return true } else { return false }
  }

  /// Whether an event may have this type. It costs a look at each type, not at each event.
  package func mayHave(_ type: String) -> Bool {
    types.contains { $0.hasSameBytes(as: type) }
      || apart.contains { if case .event(let event) = $0 { event.type.hasSameBytes(as: type) } else { false } }
  }
}
