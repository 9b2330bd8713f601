/// Where the handler writes: the second of the two protocols that an adapter implements.
///
/// Every method is called on the thread of the lane that the request was given to, from within
/// ``EventStreamHandler/serve(_:channels:response:on:)`` or ``DeliveryLane/run(now:)``, and in this order:
/// ``start(_:)`` once; if the head's body is a stream, ``write(_:)`` any number of times, then ``end(_:)`` once. After
/// ``end(_:)``, after a head that is complete in itself, and after the adapter said ``EventStreamExchange/peerGone()``,
/// nothing more is called.
///
/// No method may call back into the exchange or the lane; what a method finds out (the peer has gone) is its result, or
/// is told later from the stack's own loop.
public protocol EventStreamResponse: AnyObject {
  /// Sends the status and the fields at once: a client announces the connection when it has them, not when the first
  /// event comes (WHATWG HTML 9.2.2). A head whose body is not a stream completes the response.
  ///
  /// A head was checked when it was made. The adapter adds what frames the message: a length or the chunked coding, and
  /// to HTTP/1.0 readers, which know no chunks, the connection's end alone (RFC 9112, 6.3).
  func start(_ head: EventStreamResponseHead)

  /// Takes as many of the bytes as the stack can without blocking.
  ///
  /// The bytes are lent for the call. A stack that wants to send them later without copying keeps the value, which
  /// keeps the memory.
  ///
  /// An adapter that returns fewer than were offered, also 0, owes one call of
  /// ``EventStreamExchange/becameWritable()``, from its own loop, as soon as it can take at least one byte. The lane
  /// offers nothing before that call. The next offer begins with the first byte not taken, unless the lane has
  /// skipped events meanwhile; it may be shorter than the rest was. Bytes that were taken belong to the adapter: it
  /// sends them all, in order, before anything it takes later, and completes a frame (a chunk, say) that it has begun
  /// without waiting for more bytes. If nothing can be taken for the handler's stall timeout, the lane calls
  /// ``end(_:)`` with ``EventStreamEnding/aborted``.
  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult

  /// Ends the stream; what was accepted before is still sent unless the ending is ``EventStreamEnding/aborted``.
  func end(_ ending: EventStreamEnding)
}

/// What became of a write.
public enum EventStreamWriteResult: Sendable, Hashable {
  /// So many bytes were taken: from 0 to the number offered.
  case accepted(Int)
  /// The peer can no longer be reached. The stream is over, and ``EventStreamResponse/end(_:)`` is not called.
  case peerGone
}

/// How a stream ends.
public enum EventStreamEnding: Sendable, Hashable {
  /// At an event's end, on purpose: the response is completed in the stack's framing.
  case complete
  /// In the middle, because the reader takes nothing or is too far behind: the connection is closed without
  /// completing the response, and what the stack still holds for it is dropped.
  case aborted
}
