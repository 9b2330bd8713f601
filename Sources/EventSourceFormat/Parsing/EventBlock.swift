/// The buffers of the standard: the fields since the last blank line (WHATWG HTML 9.2.6).
struct EventBlock: Sendable {
  /// The last event ID as of the last blank line.
  private var id: IDText
  /// The last event ID buffer, if a field has changed it. The next blank line commits it.
  private var nextID: IDText?
  /// The event type buffer. Empty if there is no type.
  private var type = TypeText("")
  private var hasType = false
  /// Changes with the text of the type.
  private var typeNumber = 0
  /// The last short line that named a type, if that is still the type.
  private var typeLine = RepeatedLine()
  private(set) var hasData = false
  /// The part of the data buffer that is not borrowed. An LF follows each line.
  private var data: [UInt8] = []
  /// The offset of the data in the buffer, after the field's name.
  private var dataStart = 0
  /// The first line of the data while it is the only one: its place in the bytes being parsed. It never outlives the
  /// call that lent the bytes, because every exit of that call runs ``own()`` or discards this block.
  private nonisolated(unsafe) var borrowed: UnsafeRawBufferPointer?

  init(lastEventID: String) { id = IDText(lastEventID) }

  /// The last event ID as of the last blank line.
  var lastEventID: String { id.string }

  /// Whether a line since the last blank line belongs to an event.
  var isBegun: Bool { hasData || hasType || nextID != nil }

  /// Returns the number of data bytes including another line.
  @inline(__always)
  func dataCount(adding line: UnsafeRawBufferPointer) -> Int {
    hasData ? (borrowed.map { $0.count + 1 } ?? data.count - dataStart) + line.count : line.count
  }

  /// Appends a line of the bytes being parsed.
  ///
  /// - Parameter isBeforeLF: Whether an LF is known to follow the line. It is then copied together with the line.
  @inline(__always)
  mutating func addData(_ line: UnsafeRawBufferPointer, isBeforeLF: Bool) {
    if !hasData {
      borrowed = line
      hasData = true
      return
    }
    own()
    if isBeforeLF {
      data.append(contentsOf: UnsafeRawBufferPointer(start: line.baseAddress, count: line.count + 1))
    } else {
      append(line)
    }
  }

  /// Uses an array as the first line of the data, without copying it.
  mutating func takeData(from line: inout [UInt8], at start: Int) {
    swap(&data, &line)
    data.append(UInt8(ascii: "\n"))
    dataStart = start
    hasData = true
  }

  /// Copies the borrowed line.
  @inline(__always)
  mutating func own() {
    guard let line = borrowed else { return }
    borrowed = nil
    append(line)
  }

  private mutating func append(_ line: UnsafeRawBufferPointer) {
    data.append(contentsOf: line)
    data.append(UInt8(ascii: "\n"))
  }

  mutating func setType(_ value: UnsafeRawBufferPointer) {
    if type.set(value) { typeNumber += 1 }
    typeLine = RepeatedLine()
    hasType = !value.isEmpty
  }

  /// Sets the type from a short line.
  @inline(never)
  mutating func setType(_ value: ShortBytes, named line: ShortBytes) {
    if value != type.bytes {
      type.set(value)
      typeNumber += 1
    }
    typeLine = value.count > 0 ? RepeatedLine(line) : RepeatedLine()
    hasType = value.count > 0
  }

  /// Sets the type again if the next line equals the last one that named it. Returns the length of that line.
  @inline(__always)
  mutating func repeatType(for words: (low: UInt64, high: UInt64)) -> Int? {
    guard typeLine.isNext(in: words) else { return nil }
    hasType = true
    return typeLine.count
  }

  /// Sets the ID. A value with a NUL is ignored.
  mutating func setID(_ value: UnsafeRawBufferPointer) {
    if !value.contains(0) { nextID = IDText(value) }
  }

  /// Sets the ID. A value with a NUL is ignored.
  @inline(__always)
  mutating func setID(_ value: ShortBytes) {
    if !value.hasNUL { nextID = IDText(value) }
  }

  @inline(__always)
  private mutating func commitID() {
    guard let next = nextID else { return }
    id = next
    nextID = nil
  }

  /// Handles a blank line: commits the ID, clears the other buffers, and returns the event if there is data that is not
  /// borrowed.
  mutating func takeEvent() -> ReceivedEvent? {
    guard hasData else {
      hasType = false
      commitID()
      return nil
    }
    hasData = false
    return takeEvent(takeOwnData())
  }

  /// Returns the data at a blank line if it is one line of the bytes being parsed. The caller takes the rest of the
  /// event, too.
  @inline(__always)
  mutating func takeBorrowedLine() -> UnsafeRawBufferPointer? {
    guard let line = borrowed else { return nil }
    borrowed = nil
    hasData = false
    return line
  }

  /// Whether the event has neither a type nor an ID.
  @inline(__always)
  var isPlain: Bool { !hasType && nextID == nil && id.isNone }

  /// Handles a blank line of a block with this data.
  @inline(__always)
  mutating func takeEvent(_ data: String) -> ReceivedEvent {
    let hasOwnID = nextID != nil
    commitID()
    defer { hasType = false }
    return ReceivedEvent(type: hasType ? type.text : "message", data: data, id: hasOwnID ? id.asOwn : id)
  }

  /// The text of the type, whatever event it belongs to.
  var typeText: String { type.text }

  /// The rest of an event at a blank line besides its data: the ID and the number of its type, or 0 if it has none. As
  /// long as no type is set, a number stands for the same text.
  @inline(__always)
  mutating func takeHead() -> (typeNumber: Int, id: IDText) {
    let hasOwnID = nextID != nil
    commitID()
    defer { hasType = false }
    return (hasType ? typeNumber : 0, hasOwnID ? id.asOwn : id)
  }

  private mutating func takeOwnData() -> String {
    let text = data.withUnsafeBytes { String(decoding: $0[dataStart..<($0.count - 1)], as: UTF8.self) }
    data.emptyAfterUse()
    dataStart = 0
    return text
  }

  var retainedBytes: Int { data.capacity }

  /// Releases the memory of the data buffer if it is large. Called when data has not been split for a while.
  mutating func giveBack() { data.giveBack() }
}
