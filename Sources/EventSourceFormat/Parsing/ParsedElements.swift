/// The parsed elements of a piece of a stream: the piece itself, and the places of the events' data in it.
///
/// Creating the string of an event's data costs more than finding the data. So the string is created when the event is
/// requested. That usually happens on another thread, where the memory of the previous event is reused.
package struct ParsedElements: Sendable {
  /// One event or comment.
  private struct Entry {
    /// The offset of the data in the piece. For a separate element, its index.
    var start: UInt32
    /// The number of bytes.
    var count: UInt32
    /// The index of the type. -1 for a separate element.
    var type: Int
    /// The ID, in the form of ``IDText/short(low:high:)``.
    var low: UInt64
    var high: UInt64
  }

  private let piece: [UInt8]
  private var entries: [Entry] = []
  private var types = ["message"]
  /// Separate elements: comments, and events whose data spans several lines or pieces or whose ID is long.
  private var apart: [EventStreamParser.Element] = []
  /// The number that the block assigned to the last type, whose index is the last.
  private var lastTypeNumber = 0
  /// The last reconnection time in the piece, or `nil` if there is none.
  package private(set) var reconnectionTime: Duration?
  /// The number of elements before it.
  private var countAtReconnectionTime = 0

  /// Creates an empty value for a piece.
  ///
  /// - Parameter capacity: The expected number of elements.
  package init(_ piece: [UInt8], capacity: Int) {
    self.piece = piece
    entries.reserveCapacity(capacity)
  }

  /// The number of events and comments.
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

  /// Adds an event whose data is a line of the piece.
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

  /// Returns the event at an index, or `nil` if that element is a comment.
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

  /// Returns the comment at an index, or `nil` if that element is an event.
  package func comment(at index: Int) -> String? {
    let entry = entries[index]
    guard entry.type < 0, case .comment(let text) = apart[Int(entry.start)] else { return nil }
    return text
  }

  /// Returns the last event ID of the last event before an index, or `nil` if there is no such event.
  package func lastEventID(before index: Int) -> String? {
    for entry in entries[..<index].reversed() {
      if entry.type >= 0 { return IDText.short(low: entry.low, high: entry.high).string }
      if case .event(let event) = apart[Int(entry.start)] { return event.lastEventID }
    }
    return nil
  }

  /// Whether there is an event.
  package var hasEvent: Bool { entries.contains(where: isEvent) }

  /// Whether there is a reconnection time that no event follows.
  package var endsWithReconnectionTime: Bool {
    reconnectionTime != nil && !entries[countAtReconnectionTime...].contains(where: isEvent)
  }

  private func isEvent(_ entry: Entry) -> Bool {
    if entry.type >= 0 { return true }
    if case .event = apart[Int(entry.start)] { return true } else { return false }
  }

  /// Returns whether an event may have this type. Checks each type once instead of each event.
  package func mayHave(_ type: String) -> Bool {
    types.contains { $0.hasSameBytes(as: type) }
      || apart.contains { if case .event(let event) = $0 { event.type.hasSameBytes(as: type) } else { false } }
  }
}
