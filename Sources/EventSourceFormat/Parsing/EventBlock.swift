/// The buffers of the standard: what the lines since the last blank line have said (WHATWG HTML 9.2.6).
struct EventBlock: Sendable {
  /// The last event ID as of the last blank line.
  private var id: IDText
  /// The last event ID buffer, if a field has changed it: the next blank line commits it.
  private var nextID: IDText?
  /// The event type buffer, empty if there is none.
  private var type = TypeText("")
  private var hasType = false
  /// Changes with the text of the type.
  private var typeNumber = 0
  /// The last short line that named a type, while that is still the type.
  private var typeLine = RepeatedLine()
  private(set) var hasData = false
  /// The data buffer, with an LF behind each line, as far as it is not borrowed.
  private var data: [UInt8] = []
  /// Where in it the data begins, behind the name of the field.
  private var dataStart = 0
  /// The first line of the data while it is the only one: where it lies in the bytes that are being parsed. Never kept
  /// beyond the call that lent them, because however that call ends, it ends with ``own()`` or without this block.
  private nonisolated(unsafe) var borrowed: UnsafeRawBufferPointer?

  init(lastEventID: String) { id = IDText(lastEventID) }

  /// The last event ID as of the last blank line.
  var lastEventID: String { id.string }

  /// Whether a line since the last blank line belongs to an event.
  var isBegun: Bool { hasData || hasType || nextID != nil }

  /// How many bytes of data there are with another line.
  @inline(__always)
  func dataCount(adding line: UnsafeRawBufferPointer) -> Int {
    hasData ? (borrowed.map { $0.count + 1 } ?? data.count - dataStart) + line.count : line.count
  }

  /// Adds a line of the bytes that are being parsed.
  ///
  /// - Parameter isBeforeLF: Whether it is known that an LF is behind it, which is copied with it then.
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

  /// Takes over a line that is in an array already as the first, without copying it.
  mutating func takeData(from line: inout [UInt8], at start: Int) {
    swap(&data, &line)
    data.append(UInt8(ascii: "\n"))
    dataStart = start
    hasData = true
  }

  /// Copies what was borrowed.
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

  /// Sets the type that a short line names.
  @inline(never)
  mutating func setType(_ value: ShortBytes, named line: ShortBytes) {
    if value != type.bytes {
      type.set(value)
      typeNumber += 1
    }
    typeLine = value.count > 0 ? RepeatedLine(line) : RepeatedLine()
    hasType = value.count > 0
  }

  /// Sets the type once more, if the next line is the one that named it last; how long that is.
  @inline(__always)
  mutating func repeatType(for words: (low: UInt64, high: UInt64)) -> Int? {
    guard typeLine.isNext(in: words) else { return nil }
    hasType = true
    return typeLine.count
  }

  /// The ID stays what it was, if the value has a NUL.
  mutating func setID(_ value: UnsafeRawBufferPointer) {
    if !value.contains(0) { nextID = IDText(value) }
  }

  /// The ID stays what it was, if the value has a NUL.
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

  /// The event at a blank line, if there is one whose data is not borrowed; the ID is committed, and the other buffers
  /// are empty then.
  mutating func takeEvent() -> ReceivedEvent? {
    guard hasData else {
      hasType = false
      commitID()
      return nil
    }
    hasData = false
    return takeEvent(takeOwnData())
  }

  /// The data at a blank line, if it is one line of the bytes that are being parsed; the rest of the event is to be
  /// taken, too.
  @inline(__always)
  mutating func takeBorrowedLine() -> UnsafeRawBufferPointer? {
    guard let line = borrowed else { return nil }
    borrowed = nil
    hasData = false
    return line
  }

  /// Whether neither a type nor an ID goes with the event.
  @inline(__always)
  var isPlain: Bool { !hasType && nextID == nil && id.isNone }

  /// The event at a blank line, with this data.
  @inline(__always)
  mutating func takeEvent(_ data: String) -> ReceivedEvent {
    let hasOwnID = nextID != nil
    commitID()
    defer { hasType = false }
    return ReceivedEvent(type: hasType ? type.text : "message", data: data, id: hasOwnID ? id.asOwn : id)
  }

  /// The text of the type, whatever event it belongs to.
  var typeText: String { type.text }

  /// What belongs to the event at a blank line besides its data: the number of its type, or 0 if it has none, and the
  /// ID. As long as no type is set, a number stands for the same text.
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

  /// There was no data in pieces for a while.
  mutating func giveBack() { data.giveBack() }
}
