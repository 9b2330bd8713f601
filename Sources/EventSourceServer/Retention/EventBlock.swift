/// An event as the encoder writes it, with its ID in the last line, which an empty line follows.
enum EventBlock {
  private static let name = Array("id: ".utf8)

  /// Where the ID's line begins; the number of all bytes but the last if there is none: the block is a comment.
  static func idLine(of block: UnsafeRawBufferPointer) -> Int {
    let line = block.dropLast(2).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return block[line...].starts(with: name) ? line : block.count - 1
  }

  /// The bytes of the ID; none if the block is a comment.
  static func id(of block: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
    let line = idLine(of: block)
    guard line < block.count - 1 else { return block[line..<line] }
    return block[(line + name.count)..<(block.count - 2)]
  }
}
