/// An event as the encoder writes it. The ID is the last line before the empty line.
enum EventBlock {
  private static let name = Array("id: ".utf8)

  /// Returns the offset of the ID's line. For a comment, which has none, returns the offset of the last byte.
  static func idLine(of block: UnsafeRawBufferPointer) -> Int {
    let line = block.dropLast(2).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return block[line...].starts(with: name) ? line : block.count - 1
  }

  /// Returns the bytes of the ID, empty for a comment.
  static func id(of block: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
    let line = idLine(of: block)
    guard line < block.count - 1 else { return block[line..<line] }
    return block[(line + name.count)..<(block.count - 2)]
  }
}
