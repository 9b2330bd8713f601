internal import EventSourceFormat
internal import EventSourceServer

/// Consecutive events that share an entry of a stream, so that the server's work for an entry is divided among them.
struct EventPack: Equatable {
  /// The limits of a pack. Reading an event also reads the rest of its pack. Larger ones make recording no cheaper, and
  /// Redis would give each its own node (`stream-node-max-bytes`).
  private static let maximumEvents = 32
  private static let maximumBytes = 4096

  /// The encoded events.
  private(set) var bytes: [UInt8] = []
  /// The number of events.
  private(set) var count = 0

  /// Divides a batch into packs, in its order. An event that is larger than a pack has one to itself.
  static func packs(of events: [SharedPublication]) -> [EventPack] {
    var packs: [EventPack] = []
    var pack = EventPack()
    for event in events {
      let stored = StoredEvent(event)
      if pack.count == maximumEvents || (pack.count > 0 && pack.bytes.count + stored.byteCount > maximumBytes) {
        packs.append(pack)
        pack = EventPack()
      }
      stored.append(to: &pack.bytes)
      pack.count += 1
    }
    if pack.count > 0 { packs.append(pack) }
    return packs
  }

  /// Parses the events of a pack. Returns `nil` if they are not as many encoded events as that.
  ///
  /// - Parameter last: The position of the last event.
  static func events(in bytes: [UInt8], count: Int, last: SharedPosition) -> [PackedEvent]? {
    guard count > 0, last.number < .max, UInt64(count) - 1 <= last.number else { return nil }
    let first = SharedPosition(epoch: last.epoch, number: last.number - UInt64(count - 1))
    let events = PackedEvent.parse(bytes[...], from: first)
    return events?.count == count ? events : nil
  }
}

/// An event of a pack or a message, and the bytes that it takes there.
struct PackedEvent {
  let event: SharedEvent
  let byteCount: Int

  /// Parses encoded events, which have consecutive positions. Returns `nil` if they are nothing else.
  static func parse(_ bytes: ArraySlice<UInt8>, from first: SharedPosition) -> [PackedEvent]? {
    var events: [PackedEvent] = []
    var (rest, position) = (bytes, first)
    while !rest.isEmpty {
      let before = rest.count
      guard let event = StoredEvent(&rest)?.event(at: position), let next = position.next else { return nil }
      events.append(PackedEvent(event: event, byteCount: before - rest.count))
      position = next
    }
    return events
  }
}
