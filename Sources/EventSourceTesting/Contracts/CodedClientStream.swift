/// A response in gzip coding, read from a ``ClientStream`` and decoded. Its blocks must be those of a
/// ``StoringCompressor``.
final class CodedClientStream {
  private static let headCount = 10
  private static let trailerCount = 8

  let stream: ClientStream
  /// The decoded content.
  private(set) var content: [UInt8] = []
  /// Whether the member has ended, with the right checksum and length.
  private(set) var isFinished = false
  private var position = 0

  /// Requests a stream and reads the head.
  init(port: Int, receiveBuffer: Int? = nil) throws {
    stream = try ClientStream(port: port, fields: ["Accept-Encoding: gzip"], receiveBuffer: receiveBuffer)
    try stream.readHead()
    try require(stream.fields["content-encoding"] == "gzip", "the coding is missing from \(stream.fields)")
    try require(stream.fields["vary"]?.contains("Accept-Encoding") == true, "Vary is missing from \(stream.fields)")
    try require(stream.fields["content-length"] == nil, "a stream must not have a Content-Length")
    try decode()
  }

  /// Reads until the content has at least `count` bytes, in steps of at most `most` bytes.
  func read(atLeast count: Int, atMostAtOnce most: Int = 65536) throws {
    while content.count < count {
      try stream.readBody(atLeast: stream.body.count + 1, atMostAtOnce: most)
      try decode()
    }
  }

  /// Reads until the response is complete, and requires that its coding is complete, too.
  func readToEnd() throws {
    try stream.readToEnd()
    try decode()
    try require(isFinished, "the response ended before its coding")
  }

  private func decode() throws {
    let body = stream.body
    if position == 0, body.count >= Self.headCount {
      try require(body.starts(with: [0x1F, 0x8B, 8, 0]), "the member begins with \(body.prefix(Self.headCount))")
      position = Self.headCount
    }
    while position > 0, !isFinished, body.count >= position + 5 {
      let isLast = body[position] == 1
      let count = Int(body[position + 1]) | Int(body[position + 2]) << 8
      let complement = Int(body[position + 3]) | Int(body[position + 4]) << 8
      try require(
        body[position] <= 1 && complement == ~count & 0xFFFF, "no block begins at byte \(position) of the body")
      let end = position + 5 + count
      guard body.count >= end + (isLast ? Self.trailerCount : 0) else { return }
      content += body[(position + 5)..<end]
      position = end
      if isLast { try checkTrailer(body[end...]) }
    }
  }

  private func checkTrailer(_ trailer: ArraySlice<UInt8>) throws {
    try require(trailer.count == Self.trailerCount, "\(trailer.count - Self.trailerCount) bytes follow the member")
    let start = trailer.startIndex
    let hasChecksum = Self.number(trailer[start..<(start + 4)]) == Self.checksum(of: content)
    let hasLength = Self.number(trailer[(start + 4)...]) == UInt32(content.count)
    try require(hasChecksum && hasLength, "the member's checksum or length is wrong")
    isFinished = true
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var number: UInt32 = 0
    for byte in bytes.reversed() { number = number << 8 | UInt32(byte) }
    return number
  }

  /// The checksum of RFC 1952, 8.
  private static func checksum(of bytes: [UInt8]) -> UInt32 {
    var table = [UInt32](repeating: 0, count: 256)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
      table[index] = value
    }
    var checksum = ~UInt32(0)
    for byte in bytes { checksum = (checksum >> 8) ^ table[Int(UInt8(truncatingIfNeeded: checksum) ^ byte)] }
    return ~checksum
  }
}
