#if NIO || Hummingbird
  internal import EventSourceServer
  import NIOCore

  /// Copies the range that a lane offers to its readers once, into a buffer that all of them share. Confined to one
  /// event loop.
  ///
  /// A broadcast offers the same bytes to thousands of readers one after the other. The first offer copies them. Later
  /// offers find the copy by the address and the number of the bytes. When the channels have sent it, its memory is
  /// reused for the next range, so a wake-up allocates nothing.
  final class SharedBuffers {
    private struct Slot {
      var pointer: UnsafeRawPointer?
      var count = 0
      /// Retains the bytes, so that no other bytes can get their address.
      var owner: AnyObject?
      var buffer = ByteBuffer()
    }

    private var framed = Slot()
    private var plain = Slot()

    /// Returns `count` bytes, at least one, framed as a chunk (RFC 9112, 7.1) if `isFramed` is set.
    func buffer(
      of bytes: borrowing EventStreamBytes, from start: Int, count: Int, isFramed: Bool
    ) -> ByteBuffer {
      if isFramed { return Self.buffer(in: &framed, bytes, start, count, ChunkFrame(around: count)) }
      return Self.buffer(in: &plain, bytes, start, count, nil)
    }

    /// Releases the bytes. Call it at the end of a lane's run.
    func release() {
      for slot in [\SharedBuffers.framed, \.plain] where self[keyPath: slot].owner != nil {
        self[keyPath: slot].owner = nil
        self[keyPath: slot].pointer = nil
      }
    }

    private static func buffer(
      in slot: inout Slot, _ bytes: borrowing EventStreamBytes, _ start: Int, _ count: Int, _ frame: ChunkFrame?
    ) -> ByteBuffer {
      let pointer = bytes.baseAddress + start
      if slot.pointer == pointer, slot.count == count { return slot.buffer }
      // Allocates new memory if a channel has not yet sent the last range.
      slot.buffer.clear(minimumCapacity: count + ChunkFrame.mostBytes)
      frame?.withHead { _ = slot.buffer.writeBytes($0) }
      slot.buffer.writeBytes(UnsafeRawBufferPointer(start: pointer, count: count))
      if frame != nil { slot.buffer.writeStaticString(ChunkFrame.tail) }
      slot.pointer = pointer
      slot.count = count
      slot.owner = bytes.owner
      return slot.buffer
    }
  }
#endif
