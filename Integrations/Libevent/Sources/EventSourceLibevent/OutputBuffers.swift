import CLibevent
import EventSourceServer

/// The output buffers between a response and its socket: the connection's own and, for a filter or TLS over another
/// bufferevent, those below it. On the base's thread only.
final class OutputBuffers {
  private let bufferevent: UnsafeMutablePointer<bufferevent>
  private let buffers: [OpaquePointer]
  private var watches: [OpaquePointer] = []
  private let emptied: () -> Void

  /// Whether the connection is a bufferevent over another one.
  let isLayered: Bool

  /// - Parameter emptied: Called when the last byte has left all buffers, while they are watched.
  init(_ bufferevent: UnsafeMutablePointer<bufferevent>, emptied: @escaping () -> Void) {
    self.bufferevent = bufferevent
    self.emptied = emptied
    var buffers: [OpaquePointer] = []
    var next: UnsafeMutablePointer<bufferevent>? = bufferevent
    while let layer = next {
      if let output = bufferevent_get_output(layer) { buffers.append(output) }
      next = bufferevent_get_underlying(layer)
    }
    self.buffers = buffers
    isLayered = bufferevent_get_underlying(bufferevent) != nil
  }

  var isEmpty: Bool { buffers.allSatisfy { evbuffer_get_length($0) == 0 } }

  /// Makes a filter forward its data. evhttp disables writing, and a filter does not forward by itself the data that it
  /// received during that time.
  func flush() {
    if isLayered { bufferevent_flush(bufferevent, Int16(EV_WRITE), BEV_FLUSH) }
  }

  func watch() {
    guard watches.isEmpty else { return }
    for buffer in buffers {
      let watch = evbuffer_add_cb(
        buffer,
        { buffer, _, argument in
          guard evbuffer_get_length(buffer) == 0 else { return }
          let buffers = Unmanaged<OutputBuffers>.fromOpaque(argument!).takeUnretainedValue()
          if buffers.isEmpty { buffers.emptied() }
        }, Unmanaged.passUnretained(self).toOpaque())
      if let watch { watches.append(watch) }
    }
  }

  func unwatch() {
    for (buffer, watch) in zip(buffers, watches) { evbuffer_remove_cb_entry(buffer, watch) }
    watches = []
  }

  /// Appends the rest of a chunk, or of bytes without framing, after a partial write. The framing is copied. The body
  /// is referenced, which keeps it in memory.
  func append(
    _ bytes: borrowing EventStreamBytes, from start: Int, count: Int, isFramed: Bool, without sent: Int
  ) {
    let output = buffers[0]
    var sent = sent
    if isFramed {
      sent = ChunkFrame(around: count).withHead { head in
        if sent < head.count { _ = evbuffer_add(output, head.baseAddress! + sent, head.count - sent) }
        return sent - head.count
      }
    }
    let bodySent = min(max(sent, 0), count)
    if bodySent < count {
      let owner = Unmanaged.passRetained(bytes.owner).toOpaque()
      evbuffer_add_reference(
        output, bytes.baseAddress + start + bodySent, count - bodySent,
        { _, _, owner in Unmanaged<AnyObject>.fromOpaque(owner!).release() }, owner)
    }
    let tailSent = max(sent - count, 0)
    if isFramed, tailSent < 2 { evbuffer_add(output, ChunkFrame.tail.utf8Start + tailSent, 2 - tailSent) }
  }
}
