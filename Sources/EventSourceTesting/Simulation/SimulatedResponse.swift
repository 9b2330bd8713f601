public import EventSourceServer

/// A response that records its data, accepts as many bytes as it has room for, and traps if the lane breaks the rules
/// of `EventStreamResponse`.
public final class SimulatedResponse: EventStreamResponse {
  /// The head. `nil` before the response begins.
  public private(set) var head: EventStreamResponseHead?
  /// The bytes accepted so far.
  public private(set) var body: [UInt8] = []
  /// How the stream ended. `nil` before that.
  public private(set) var ending: EventStreamEnding?
  /// The number of bytes that the response still accepts.
  public var room: Int
  /// The maximum number of bytes that one write accepts.
  public var largestWrite = Int.max
  /// Called when the head is written.
  public var onStart: (() -> Void)?
  /// Called before each write. A test can publish here, for example, as another thread might.
  public var beforeWrite: (() -> Void)?
  /// Called when the lane ends the stream, with the ending.
  public var onEnd: ((EventStreamEnding) -> Void)?
  /// The number of bytes accepted beyond the room and kept without copying, as in a stack that sends lent bytes later.
  /// `nil` means that none are kept.
  public var keepLimit: Int?
  private var kept: [EventStreamBytes] = []
  /// Whether the peer has disconnected, which the next write reports.
  public var isDisconnected = false
  /// Whether a write accepted less than it was offered, so that the stack must report when there is room again.
  public private(set) var needsWritableNotification = false
  /// The number of writes.
  public private(set) var writes = 0
  private var isOver = false

  /// Creates a response with this much room. By default, the room is unlimited.
  public init(room: Int = .max) { self.room = room }

  /// Records the head.
  public func start(_ head: EventStreamResponseHead) {
    precondition(self.head == nil && !isOver, "the head comes once, first")
    self.head = head
    onStart?()
    if case .stream = head.body { return }
    isOver = true
  }

  /// Accepts as many bytes as there is room for.
  public func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    precondition(head != nil, "the head comes before the body")
    precondition(!isOver, "nothing is written after the end")
    precondition(!needsWritableNotification, "nothing is offered before the stack says that it takes more")
    precondition(bytes.count > 0, "no empty writes")
    writes += 1
    beforeWrite?()
    if isDisconnected {
      isOver = true
      return .peerDisconnected
    }
    if let keepLimit, room < bytes.count || !kept.isEmpty {
      guard keptBytes < keepLimit else {
        needsWritableNotification = true
        return .accepted(0)
      }
      kept.append(copy bytes)
      sendKept()
      return .accepted(bytes.count)
    }
    let taken = max(0, min(bytes.count, room, largestWrite))
    take(bytes, taken)
    needsWritableNotification = taken < bytes.count
    return .accepted(taken)
  }

  /// The number of kept bytes that have no room yet.
  public var keptBytes: Int { kept.reduce(0) { $0 + $1.count } }

  /// Moves kept bytes into the body, as far as there is room.
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

  /// Records the ending.
  public func end(_ ending: EventStreamEnding) {
    precondition(head?.body == .stream, "only a stream is ended")
    precondition(!isOver, "a stream is ended once")
    isOver = true
    self.ending = ending
    if ending == .aborted { kept = [] }
    onEnd?(ending)
  }

  /// Returns whether the stack must report that there is room again, and clears that.
  public func takeWritableNotification() -> Bool {
    defer { needsWritableNotification = false }
    return needsWritableNotification && !isOver
  }

  /// Marks the peer as disconnected. After that, no call is allowed.
  public func close() {
    isOver = true
    kept = []
  }

  /// The body as text.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// Returns the body and clears it.
  public func takeBody() -> [UInt8] {
    defer { body = [] }
    return body
  }
}
