import CZlib

// Random schedules of shared blocks, key frames, a reader's own bytes and pauses. What the reader is sent is decoded by
// zlib in random pieces, and must be what it was meant to get, at once and with the right checksum.

private final class Deflater {
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  init(windowBits: Int32) {
    stream.initialize(to: z_stream())
    deflateInit2_(
      stream, 1, Z_DEFLATED, -windowBits, 1, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  func block(_ content: [UInt8]) -> [UInt8] {
    var content = content
    var output = [UInt8](repeating: 0, count: content.count * 2 + 1024)
    return content.withUnsafeMutableBufferPointer { input in
      let left = output.withUnsafeMutableBufferPointer { memory -> Int in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = memory.baseAddress
        stream.pointee.avail_out = UInt32(memory.count)
        deflate(stream, Z_SYNC_FLUSH)
        return Int(stream.pointee.avail_out)
      }
      return Array(output.dropLast(left))
    }
  }
}

private final class Inflater {
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  var status = Z_OK
  private var memory = [UInt8](repeating: 0, count: 1 << 18)

  init() {
    stream.initialize(to: z_stream())
    inflateInit2_(stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func take(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    var count = 0
    bytes.withUnsafeMutableBufferPointer { input in
      let left = memory.withUnsafeMutableBufferPointer { memory -> Int in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = memory.baseAddress
        stream.pointee.avail_out = UInt32(memory.count)
        status = inflate(stream, Z_SYNC_FLUSH)
        return Int(stream.pointee.avail_out)
      }
      count = memory.count - left
    }
    precondition(stream.pointee.avail_in == 0, "bytes are left over")
    return memory[..<count]
  }
}

private struct Reader {
  var joiner = GzipJoiner()
  let decoder = Inflater()
  var isFollowing = false
  var isPaused = true

  mutating func write(_ content: [UInt8]) {
    var memory = [UInt8](repeating: 0, count: joiner.headerCount + GzipJoiner.storedCount(of: content.count))
    memory.withUnsafeMutableBytes { memory in content.withUnsafeBytes { joiner.writeOwn($0, to: memory) } }
    send(memory, content)
  }

  func send(_ bytes: [UInt8], _ content: [UInt8]) {
    let split = bytes.count / 3
    var decoded = split == 0 ? [] : Array(decoder.take(bytes[..<split]))
    decoded += decoder.take(bytes[split...])
    precondition(decoded == content, "other bytes are decoded than were sent")
    precondition(decoder.status == Z_OK || decoder.status == Z_BUF_ERROR, "the bytes are malformed")
  }
}

/// The entry that libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGzipJoiner(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  guard count > 2 else { return 0 }
  let deflater = Deflater(windowBits: 9 + Int32(input[0] % 7))
  var readers = (0...Int(input[1] % 3)).map { _ in Reader() }
  var shared = ContentDigest()
  var position = GzipJoiner.SharedPosition(keyFrame: 0, end: 0)
  var index = 2
  func content(_ size: Int) -> [UInt8] {
    let pattern = (0..<64).map { input[(index + $0) % count] }
    return (0..<size).map { pattern[($0 &* ($0 >> 6 | 1)) & 63] &+ UInt8(truncatingIfNeeded: $0 >> 11) }
  }
  func stop(_ number: Int) {
    guard !readers[number].isPaused else { return }
    readers[number].joiner.unfollow(at: shared, position: readers[number].isFollowing ? position : nil)
    readers[number].isPaused = true
  }
  func resume(_ number: Int) {
    guard readers[number].isPaused else { return }
    if !readers[number].joiner.hasHeader { readers[number].write([UInt8(ascii: ":")]) }
    readers[number].isFollowing = readers[number].joiner.position == position
    readers[number].joiner.follow(from: shared)
    readers[number].isPaused = false
  }
  // No longer than a slow machine needs a second for.
  while index + 1 < min(count, 400) {
    let number = Int(input[index] >> 4) % readers.count
    // Rarely more than one stored block holds.
    let size = 1 + Int(input[index + 1]) * (input[index] & 8 != 0 && input[index + 1] == 255 ? 300 : 1)
    switch input[index] & 7 {
    case 0, 1, 2, 3:
      let isKeyFrame = input[index] & 3 == 0 || position.keyFrame == 0
      if isKeyFrame {
        deflateReset(deflater.stream)
        position.keyFrame += 1
      }
      let piece = content(size)
      let block = deflater.block(piece)
      piece.withUnsafeBytes { shared.append($0) }
      position.end += UInt64(size)
      for number in readers.indices where !readers[number].isPaused {
        if isKeyFrame { readers[number].isFollowing = true }
        if readers[number].isFollowing {
          readers[number].send(block, piece)
        } else {
          var memory = [UInt8](repeating: 0, count: GzipJoiner.storedCount(of: size))
          memory.withUnsafeMutableBytes { memory in piece.withUnsafeBytes { GzipJoiner.writeStored($0, to: memory) } }
          readers[number].send(memory, piece)
        }
      }
    case 4, 5:
      stop(number)
      readers[number].write(content(size))
    case 6: stop(number)
    default: resume(number)
    }
    index += 2
  }
  for number in readers.indices {
    stop(number)
    var memory = [UInt8](repeating: 0, count: readers[number].joiner.headerCount + GzipJoiner.trailerCount)
    memory.withUnsafeMutableBytes { readers[number].joiner.writeTrailer(to: $0) }
    precondition(readers[number].decoder.take(memory[...]).isEmpty, "content comes with the end")
    precondition(readers[number].decoder.status == Z_STREAM_END, "the end is not one")
  }
  return 0
}
