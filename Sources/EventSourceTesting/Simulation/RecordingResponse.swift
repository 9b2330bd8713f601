public import EventSourceServer

/// A response that remembers what it was told, takes as many bytes as it has room for, and stops the test when the
/// rules of `EventStreamResponse` are broken.
public final class RecordingResponse: EventStreamResponse {
  /// The head, once there is one.
  public private(set) var head: EventStreamResponseHead?
  /// The bytes taken.
  public private(set) var body: [UInt8] = []
  /// How the stream ended, once it has.
  public private(set) var ending: EventStreamEnding?
  /// How many bytes it still takes.
  public var room: Int
  /// At most so many are taken by one write.
  public var largestWrite = Int.max
  /// Called when the head comes.
  public var onStart: (() -> Void)?
  /// Called before each write: what another thread does at that moment, such as publishing.
  public var beforeWrite: (() -> Void)?
  /// Called when the lane ends the stream, with the ending.
  public var onEnd: ((EventStreamEnding) -> Void)?
  /// So many bytes are accepted beyond the room and kept as they were lent, as a stack does that sends them later
  /// without copying; nil: none are kept.
  public var keepLimit: Int?
  private var kept: [EventStreamBytes] = []
  /// The peer has gone, which the next write finds out.
  public var isCut = false
  /// A write took less than it was offered, and the stack has yet to say that more is taken.
  public private(set) var owesWritable = false
  /// How many times it was written to.
  public private(set) var writes = 0
  private var isOver = false

  /// Makes a response with so much room; by default without end.
  public init(room: Int = .max) { self.room = room }

  /// Keeps the head.
  public func start(_ head: EventStreamResponseHead) {
    precondition(self.head == nil && !isOver, "the head comes once, first")
    self.head = head
    onStart?()
    if case .stream = head.body { return }
    isOver = true
  }

  /// Takes what there is room for.
  public func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    precondition(head != nil, "the head comes before the body")
    precondition(!isOver, "nothing is written after the end")
    precondition(!owesWritable, "nothing is offered before the stack says that it takes more")
    precondition(bytes.count > 0, "no empty writes")
    writes += 1
    beforeWrite?()
    if isCut {
      isOver = true
      return .peerGone
    }
    if let keepLimit, room < bytes.count || !kept.isEmpty {
      guard keptBytes < keepLimit else {
        owesWritable = true
        return .accepted(0)
      }
      kept.append(copy bytes)
      sendKept()
      return .accepted(bytes.count)
    }
    let taken = max(0, min(bytes.count, room, largestWrite))
    take(bytes, taken)
    owesWritable = taken < bytes.count
    return .accepted(taken)
  }

  /// How many bytes are kept that have no room yet.
  public var keptBytes: Int { kept.reduce(0) { $0 + $1.count } }

  /// Moves what is kept into the body, as far as there is room.
  public func sendKept() {
    while let first = kept.first, room > 0 {
      let taken = min(first.count, room)
      take(first, taken)
      if taken == first.count { kept.removeFirst() } else { kept[0] = first.dropFirst(taken) }
    }
  }

  private func take(_ bytes: borrowing EventStreamBytes, _ count: Int) {
    bytes.withUnsafeBytes { body.append(contentsOf: $0.prefix(count)) }
    if room != .max { room -= count }
  }

  /// Keeps the ending.
  public func end(_ ending: EventStreamEnding) {
    precondition(head?.body == .stream, "only a stream is ended")
    precondition(!isOver, "a stream is ended once")
    isOver = true
    self.ending = ending
    if ending == .aborted { kept = [] }
    onEnd?(ending)
  }

  /// The stack will say now that it takes more; whether it owed that.
  public func payWritable() -> Bool {
    defer { owesWritable = false }
    return owesWritable && !isOver
  }

  /// The peer was said to have gone: from now on nothing may be called.
  public func close() {
    isOver = true
    kept = []
  }

  /// The body as text.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// Takes the body out.
  public func takeBody() -> [UInt8] {
    defer { body = [] }
    return body
  }
}
