internal import EventSourceFormat

/// On a stream of several channels every event carries an ID that says how far the reader is in each of them; so what
/// is shared of a log is copied for the reader, with the line of the ID exchanged.
extension DeliveryLane {
  private static let copiedBytes = 64 << 10

  /// Makes whole blocks of a log, about ``copiedBytes`` of them, the exchange's pending bytes; how many bytes of the
  /// log those are.
  func stampWithCompositeID(_ bytes: EventStreamBytes, of attachment: Attachment) -> Int {
    var copy: [UInt8] = []
    var taken = 0
    bytes.withUnsafeBytes { log in
      while taken < log.count, copy.count < Self.copiedBytes {
        let block = Self.firstBlock(in: UnsafeRawBufferPointer(rebasing: log[taken...]))
        taken += block.count
        if let id = ChannelLog.id(ofBlock: block) {
          attachment.lastEventID = String(decoding: id, as: UTF8.self)
          copy += "id: \(compositeID(of: attachment.exchange))\n".utf8
          copy += block.dropFirst("id: \n".utf8.count + id.count)
        } else {
          copy += block
        }
      }
    }
    attachment.exchange.pending = LogSegment.holding(byteCount: copy.count, budget: hub.budget) { memory in
      memory.copyBytes(from: copy)
    }
    return taken
  }

  /// The event with the ID that it has on this stream.
  func stamp(_ event: ServerSentEvent, of attachment: Attachment) -> ServerSentEvent {
    guard let id = event.id else { return event }
    attachment.lastEventID = id.rawValue
    var stamped = event
    stamped.id = EventID(unchecked: compositeID(of: attachment.exchange))
    return stamped
  }

  private func compositeID(of exchange: EventStreamExchange) -> String {
    CompositeEventID(
      exchange.attachments.compactMap { attachment in
        attachment.lastEventID.map { (attachment.channel.name.rawValue, $0) }
      }
    ).text
  }

  /// The bytes up to and including the first blank line; there is one, because logs hold whole blocks.
  private static func firstBlock(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var index = 0
    while index + 1 < bytes.count {
      if bytes[index] == UInt8(ascii: "\n"), bytes[index + 1] == UInt8(ascii: "\n") {
        return UnsafeRawBufferPointer(rebasing: bytes[..<(index + 2)])
      }
      index += 1
    }
    return bytes
  }
}
