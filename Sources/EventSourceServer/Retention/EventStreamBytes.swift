/// A range of encoded bytes that a log lends to the stack that sends them.
///
/// The bytes never change. Any copy of this value, or a reference to its ``owner``, keeps them in memory, together with
/// a whole segment of the log. So a stack must keep only a bounded number of them.
public struct EventStreamBytes: Sendable {
  private let segment: LogSegment
  private let offset: Int

  /// The number of bytes, at least 1.
  public let count: Int

  init(_ segment: LogSegment, offset: Int, count: Int) {
    self.segment = segment
    self.offset = offset
    self.count = count
  }

  /// The object that keeps the bytes in memory, for C stacks that hold references of their own.
  public var owner: AnyObject { segment }

  /// A pointer to the first byte, valid while ``owner`` is alive.
  public var pointer: UnsafeRawPointer { UnsafeRawPointer(segment.bytes + offset) }

  /// Returns the bytes without the first `n`, which must be fewer than ``count``: the remainder of a short write.
  public func dropFirst(_ n: Int) -> EventStreamBytes {
    precondition(n >= 0 && n < count, "dropFirst(\(n)) of \(count) bytes")
    return EventStreamBytes(segment, offset: offset + n, count: count - n)
  }

  /// Calls `body` with the bytes, which are valid for the call.
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: pointer, count: count))
  }
}
