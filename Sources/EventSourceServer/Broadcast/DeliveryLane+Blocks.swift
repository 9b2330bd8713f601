internal import EventSourceFormat

/// Delivery of blocks that a reader cannot get as they are in the log. This concerns streams of several channels, where
/// every event carries an ID for the reader's position in each channel; readers after a replay that may have included
/// events which reach the log later; and slow readers that get only the newest event of each key. Blocks are copied. An
/// event that is too large to copy is sent from the log, and only its ID line is the stream's own.
extension DeliveryLane {
  /// The approximate number of bytes to copy for a single reader at a time, and so the memory that a stalled reader
  /// holds.
  static let copiedBytes = 8 << 10
  /// The maximum number of blocks to examine for one copy.
  private static let copiedBlocks = 256

  /// Returns the blocks of a piece with composite IDs, as streams of several channels get them. The piece must begin at
  /// the beginning of a block.
  func stamp(
    _ piece: LogPiece, of channel: EventChannel, _ number: Int, _ composite: inout CompositeIDWriter
  ) -> [EventStreamBytes] {
    let first = piece.segment.block(piece.firstBlock)
    if first.count > Self.largeEvent {
      let head = EventBlock.idLine(of: first)
      guard head < first.count - 1 else { return [piece.bytes] }
      let tail = stampedIDLine(of: piece.firstBlock, in: piece.segment, number, &composite)
      return [
        EventStreamBytes(piece.segment, offset: Int(piece.start - piece.segment.start), count: head),
        LogSegment.standalone(tail, budget: hub.budget)!,
      ]
    }
    var copy: [UInt8] = []
    copy.reserveCapacity(Int(piece.end - piece.start) + (piece.endBlock - piece.firstBlock) * composite.text.count)
    for block in piece.firstBlock..<piece.endBlock { append(block, of: piece.segment, to: &copy, number, &composite) }
    return [LogSegment.standalone(copy, budget: hub.budget)!]
  }

  /// Returns an event's ID line on a stream of several channels, and the empty line that ends the event.
  private func stampedIDLine(
    of block: Int, in segment: LogSegment, _ number: Int, _ composite: inout CompositeIDWriter
  ) -> [UInt8] {
    composite.replace(number, by: claim(of: block, in: segment))
    return Array("id: ".utf8) + composite.text + Array("\n\n".utf8)
  }

  private func append(
    _ block: Int, of segment: LogSegment, to copy: inout [UInt8], _ number: Int, _ composite: inout CompositeIDWriter
  ) {
    let bytes = segment.block(block)
    guard segment.entry(block).id != .none else {
      copy += bytes
      return
    }
    copy += bytes[..<EventBlock.idLine(of: bytes)]
    composite.replace(number, by: claim(of: block, in: segment))
    copy += "id: ".utf8
    copy += composite.text
    copy += "\n\n".utf8
  }

  private func claim(of block: Int, in segment: LogSegment) -> ChannelClaim {
    let number = segment.firstOrdinal + UInt64(block) + 1
    guard segment.entry(block).id.isOwn else { return .number(number) }
    return .own(String(decoding: EventBlock.id(of: segment.block(block)), as: UTF8.self), number: number)
  }

  /// Copies the next blocks of a piece to the stream's own bytes, or writes a large one from the log.
  ///
  /// - Returns: The number of bytes copied or written.
  func giveBlocks(of piece: LogPiece, to subscription: Subscription) -> Int {
    let session = subscription.session
    let superseded = subscription.supersededBlocks(of: piece, most: Self.copiedBlocks)
    var copy: [UInt8] = []
    for block in piece.firstBlock..<min(piece.endBlock, piece.firstBlock + Self.copiedBlocks) {
      let bytes = piece.segment.block(block)
      let isSuperseded = superseded.isEmpty ? false : superseded[block - piece.firstBlock]
      if isSuperseded || subscription.hasReplayed(block, of: piece.segment) {
        if isSuperseded { tally.conflated += 1 }
      } else {
        if session.isJSONLines {
          copy += RunLines.line(of: bytes)
          tally.delivered += 1
          subscription.moveBehind(block, of: piece.segment)
          guard copy.count < Self.copiedBytes else { break }
          continue
        }
        if bytes.count > Self.largeEvent {
          if copy.isEmpty { return giveEvent(to: subscription, block: block, of: piece.segment) }
          break
        }
        tally.delivered += 1
        if session.composite != nil {
          append(block, of: piece.segment, to: &copy, Int(subscription.number), &session.composite!)
        } else {
          copy += bytes
        }
      }
      subscription.moveBehind(block, of: piece.segment)
      guard copy.count < Self.copiedBytes else { break }
    }
    session.setOwn(LogSegment.standalone(copy, budget: hub.budget))
    return copy.count
  }

  /// Writes the rest of one event from the log.
  ///
  /// - Returns: The number of bytes that the response accepted.
  func giveEvent(to subscription: Subscription, block: Int, of segment: LogSegment) -> Int {
    let session = subscription.session
    let bytes = segment.block(block)
    let begin = segment.start + UInt64(segment.offset(ofBlock: block))
    let isStamped = session.composite != nil && segment.entry(block).id != .none
    let end = begin + UInt64(isStamped ? EventBlock.idLine(of: bytes) : bytes.count)
    subscription.cursor = max(subscription.cursor, begin)
    let rest = EventStreamBytes(
      segment, offset: Int(subscription.cursor - segment.start), count: Int(end - subscription.cursor))
    guard let taken = write(rest, to: session) else { return 0 }
    subscription.cursor += UInt64(taken)
    session.output = subscription.cursor > begin ? .event(subscription.number) : .nothing
    guard taken == rest.count else { return taken }
    session.output = .nothing
    tally.delivered += 1
    subscription.cursor = begin + UInt64(bytes.count)
    subscription.ordinal = segment.firstOrdinal + UInt64(block) + 1
    if isStamped {
      let line = stampedIDLine(of: block, in: segment, Int(subscription.number), &session.composite!)
      session.setOwn(LogSegment.standalone(line, budget: hub.budget))
    }
    return taken
  }
}

extension Subscription {
  /// Moves the cursor after a block that the reader has been given or must not get.
  fileprivate func moveBehind(_ block: Int, of segment: LogSegment) {
    cursor = segment.start + UInt64(segment.entry(block).end)
    ordinal = segment.firstOrdinal + UInt64(block) + 1
  }

  /// Returns whether a replay has already delivered a block of the log.
  fileprivate func hasReplayed(_ block: Int, of segment: LogSegment) -> Bool {
    guard replayed != nil, segment.entry(block).id != .none else { return false }
    let position = segment.start + UInt64(segment.offset(ofBlock: block))
    if replayed?.takes(segment.block(block), at: position) == true { return true }
    if replayed?.isEmpty == true { replayed = nil }
    return false
  }

  /// Returns which of the first blocks of a piece are superseded by a newer block with the same key. Empty means none.
  fileprivate func supersededBlocks(of piece: LogPiece, most: Int) -> [Bool] {
    guard case .conflating = state else { return [] }
    return channel.withState { state in
      let log = state.log
      return (piece.firstBlock..<min(piece.endBlock, piece.firstBlock + most)).map { block in
        let key = block < piece.segment.keys.count ? piece.segment.keys[block] : 0
        guard key != 0, let newest = log.newestByKey?[key] else { return false }
        return newest > piece.segment.start + UInt64(piece.segment.offset(ofBlock: block))
      }
    }
  }
}
