/// A range of encoded bytes, lent by a log to the stack that sends them.
///
/// The bytes never change. They live as long as any copy of this value, or a reference to its ``owner``, does; a stack
/// that keeps either keeps a whole segment of a log in memory, so it keeps a bounded amount of them.
public struct EventStreamBytes: Sendable {
  private let segment: LogSegment
  private let offset: Int

  /// How many bytes there are, at least 1.
  public let count: Int

  init(_ segment: LogSegment, offset: Int, count: Int) {
    self.segment = segment
    self.offset = offset
    self.count = count
  }

  /// The object that keeps the bytes in memory, for a stack written in C that holds references of its own.
  public var owner: AnyObject { segment }

  /// The first byte; valid while ``owner`` is alive.
  public var pointer: UnsafeRawPointer { UnsafeRawPointer(segment.bytes + offset) }

  /// The same bytes without the first `n`, fewer than ``count``: what is left after a short write.
  public func dropFirst(_ n: Int) -> EventStreamBytes {
    precondition(n >= 0 && n < count, "dropFirst(\(n)) of \(count) bytes")
    return EventStreamBytes(segment, offset: offset + n, count: count - n)
  }

  /// Calls `body` with the bytes; they are valid for the call.
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: pointer, count: count))
  }
}
