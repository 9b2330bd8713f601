internal import EventSourceFormat

/// What is not shared: where a reader is not to get a log's bytes as they are, block after block is looked at and
/// copied for it. That is so on a stream of several channels, where every event carries an ID that says how far the
/// reader is in each of them; after a replay that may have brought events which the log gets later; and for a slow
/// reader that is given the newest event of each key.
extension DeliveryLane {
  /// About how many bytes are copied for a reader at once. That is what one which takes nothing holds in memory.
  static let copiedBytes = 8 << 10

  /// About how many bytes longer an event is with the ID of a stream of several channels.
  private static let idBytes = 256

  func isGivenBlocks(_ attachment: Attachment) -> Bool {
    attachment.exchange.attachments.count > 1 || attachment.replayedIDs != nil || attachment.isConflating
  }

  /// Makes the next blocks of a log the exchange's pending bytes, and moves the reader's place behind them; false: they
  /// are no longer held.
  func copyBlocks(for attachment: Attachment) -> Bool {
    var copy: [UInt8] = []
    let ordinal = attachment.channel.withState { state -> UInt64? in
      guard attachment.cursor >= state.log.start else { return nil }
      copy.reserveCapacity(Int(min(state.log.end - attachment.cursor, UInt64(Self.copiedBytes))) + Self.idBytes)
      while attachment.cursor < state.log.end, copy.count < Self.copiedBytes {
        let segment = state.log.segment(at: attachment.cursor)
        for index in segment.blocks(endingBy: attachment.cursor)..<segment.count where copy.count < Self.copiedBytes {
          let block = segment.block(index)
          let end = segment.start + UInt64(segment.entry(index).end)
          let left = Int(end - attachment.cursor)
          if left < block.count {
            copy += block.suffix(left)
          } else if isWanted(block, key: segment.keys.isEmpty ? 0 : segment.keys[index], by: attachment, in: state.log)
          {
            append(block, to: &copy, for: attachment)
          }
          attachment.cursor = end
        }
      }
      return state.log.ordinal(of: attachment.cursor)
    }
    guard let ordinal else { return false }
    attachment.ordinal = max(attachment.ordinal, ordinal)
    attachment.exchange.pending = LogSegment.holding(byteCount: copy.count, budget: hub.budget) { memory in
      memory.copyBytes(from: copy)
    }
    return true
  }

  /// Whether the reader is to get a block, at which its place is.
  private func isWanted(
    _ block: UnsafeRawBufferPointer, key: UInt64, by attachment: Attachment, in log: ChannelLog
  ) -> Bool {
    if attachment.replayedIDs != nil {
      // A comment among those events may be left out; the first event that is not one of them ends the search.
      guard let id = ChannelLog.id(ofBlock: block) else { return false }
      if attachment.replayedIDs?.contains(String(decoding: id, as: UTF8.self)) == true { return false }
      attachment.replayedIDs = nil
    }
    if attachment.isConflating, key != 0, let newest = log.newestByKey?[key], newest > attachment.cursor {
      tally.conflated += 1
      return false
    }
    tally.delivered += 1
    return true
  }

  private func append(_ block: UnsafeRawBufferPointer, to copy: inout [UInt8], for attachment: Attachment) {
    guard attachment.exchange.attachments.count > 1, let id = ChannelLog.id(ofBlock: block) else {
      copy += block
      return
    }
    if let moved = move(attachment, to: id) {
      copy += "id: ".utf8
      copy += moved
      copy.append(UInt8(ascii: "\n"))
    }
    copy += UnsafeRawBufferPointer(rebasing: block[("id: \n".utf8.count + id.count)...])
  }

  /// The event with the ID that it has on this stream.
  func stamp(_ event: ServerSentEvent, of attachment: Attachment) -> ServerSentEvent {
    guard attachment.exchange.attachments.count > 1, let id = event.id else { return event }
    var stamped = event
    stamped.id = move(attachment, to: id.rawValue.utf8).map { EventID(unchecked: String(decoding: $0, as: UTF8.self)) }
    return stamped
  }

  /// The reader gets an event of one of its channels: the ID of the stream, not longer than what the handler takes
  /// back; nil: there is no such.
  private func move(_ attachment: Attachment, to id: some Collection<UInt8>) -> [UInt8]? {
    let exchange = attachment.exchange
    exchange.compositeID?.replace(Int(attachment.number), by: id)
    return exchange.compositeID?.text(maximumBytes: exchange.handler.configuration.maximumLastEventIDBytes)
  }
}
