extension ChannelLog {
  /// The position behind the event that has this ID, if all that follows it is held.
  ///
  /// An ID that the hub made has the number of an event in the channel, which is found by counting; for another, hashes
  /// in the index are compared, then bytes, newest first: linear in the events held. If several have it, the newest
  /// counts.
  ///
  /// - Parameters:
  ///   - sequence: The number in an ID that this hub made.
  ///   - next: The number of the next event.
  func position(after id: String, sequence: UInt64?, next: UInt64) -> UInt64? {
    guard let sequence else { return position(after: id) }
    guard sequence < next else { return nil }
    guard sequence + 1 < next else { return end }
    guard let segment = segments.last(where: { $0.firstSequence <= sequence + 1 }) else { return nil }
    var at = segment.start
    var number = segment.firstSequence
    for index in 0..<segment.count where number <= sequence {
      let entry = segment.entry(index)
      at = segment.start + UInt64(entry.end)
      // Comments have no number.
      if entry.idHash != 0 { number += 1 }
    }
    return at >= start ? at : nil
  }

  private func position(after id: String) -> UInt64? {
    var id = id
    return id.withUTF8 { id in
      let idHash = Self.hash(id)
      for segment in segments.reversed() {
        for index in (0..<segment.count).reversed() {
          let entry = segment.entry(index)
          guard entry.idHash == idHash, Self.block(segment.block(index), hasID: id) else { continue }
          let position = segment.start + UInt64(entry.end)
          return position >= start ? position : nil
        }
      }
      return nil
    }
  }

  /// A hash for the index, never 0.
  static func hash(_ id: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hash: UInt32 = 0x811C_9DC5
    for byte in id { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return max(hash, 1)
  }

  /// Whether a block, as the encoder writes it, begins with this ID's line.
  private static func block(_ block: UnsafeRawBufferPointer, hasID id: UnsafeBufferPointer<UInt8>) -> Bool {
    guard block.count > idPrefix.count + id.count, block[idPrefix.count + id.count] == UInt8(ascii: "\n") else {
      return false
    }
    return block.starts(with: idPrefix) && block[idPrefix.count..<idPrefix.count + id.count].elementsEqual(id)
  }

  /// The ID in a block as the encoder writes it, where an ID's line comes first; nil: it has none.
  static func id(ofBlock block: UnsafeRawBufferPointer) -> [UInt8]? {
    guard block.starts(with: idPrefix) else { return nil }
    return Array(block.dropFirst(idPrefix.count).prefix { $0 != UInt8(ascii: "\n") })
  }

  /// The ID of the oldest block held; nil: there is none, or it is a comment.
  var oldestID: String? { start < end ? id(at: start) : nil }

  /// The ID of the newest event of the newest segment.
  var newestID: String? {
    guard let segment = segments.last,
      let index = (0..<segment.count).last(where: { segment.entry($0).idHash != 0 })
    else { return nil }
    return Self.id(ofBlock: segment.block(index)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The ID of the block at a position that is held.
  func id(at position: UInt64) -> String? {
    let segment = segment(at: position)
    let block = segment.block(segment.blocks(endingBy: position))
    return Self.id(ofBlock: block).map { String(decoding: $0, as: UTF8.self) }
  }

  private static let idPrefix = Array("id: ".utf8)
}
