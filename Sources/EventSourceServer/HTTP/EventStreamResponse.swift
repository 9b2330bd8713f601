/// The response that the handler writes to. The second of the two protocols that an adapter implements.
///
/// Every method is called on the thread of the lane that received the request, from within
/// ``EventStreamHandler/serve(_:channels:response:on:)`` or ``DeliveryLane/run(now:)``, and in this order:
/// ``start(_:)`` once; if the head's body is a stream, ``write(_:)`` any number of times, then ``end(_:)`` once. No
/// method is called after ``end(_:)``, after a head without a stream, or after the adapter has called
/// ``EventStreamSession/peerDisconnected()``.
///
/// No method may call the session or the lane. If a method finds that the peer has disconnected, it returns that, or
/// the stack's loop reports it later.
public protocol EventStreamResponse: AnyObject {
  /// Sends the status and the fields immediately. A client announces the connection when it receives them, not with the
  /// first event (WHATWG HTML 9.2.2). A head whose body is not a stream completes the response.
  ///
  /// The head has already been validated. The adapter adds the framing: a length, the chunked coding or, for HTTP/1.0
  /// readers, which do not know chunks, the end of the connection (RFC 9112, 6.3).
  func start(_ head: EventStreamResponseHead)

  /// Accepts as many of the bytes as the stack can without blocking.
  ///
  /// The bytes are lent for the call. To send them later without copying, keep the value, which keeps the memory alive.
  ///
  /// An adapter that returns fewer bytes than offered, including 0, must call ``EventStreamSession/becameWritable()``
  /// once, from its own loop, as soon as it can accept at least one byte. The lane offers nothing before that call. The
  /// next offer begins with the first byte that was not accepted, unless the lane has skipped events in between. It may
  /// be shorter than the remainder.
  ///
  /// The adapter must send all accepted bytes, in order, before bytes that it accepts later. It must complete a frame
  /// that it has begun, such as a chunk, without waiting for more bytes. If nothing can be accepted for the handler's
  /// stall timeout, the lane calls ``end(_:)`` with ``EventStreamEnding/aborted``.
  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult

  /// Ends the stream. Accepted bytes are still sent, unless the ending is ``EventStreamEnding/aborted``.
  func end(_ ending: EventStreamEnding)
}

/// The result of a write.
public enum EventStreamWriteResult: Sendable, Hashable {
  /// The number of bytes accepted, from 0 to the number offered.
  case accepted(Int)
  /// The peer has disconnected. The stream is over, and ``EventStreamResponse/end(_:)`` is not called.
  case peerDisconnected
}

/// How a stream ends.
public enum EventStreamEnding: Sendable, Hashable {
  /// Regularly, between two events. The adapter completes the response's framing.
  case complete
  /// Early, because the reader accepts nothing or is too far behind. The adapter closes the connection without
  /// completing the response, and discards the bytes it still holds.
  case aborted
}
