internal import EventSourceFormat

/// An event from the store that will be appended to a channel's log. Everything that does not need the channel's lock
/// has been prepared. Its bytes are charged to the hub until it is released.
final class FollowedEvent: Sendable {
  /// The prepared event, or `nil` if this hub cannot publish it because it is too large or the format cannot represent
  /// it.
  let prepared: PreparedEvent?
  let id: EventID
  let byteCount: Int
  private let budget: MemoryBudget

  init(_ shared: SharedEvent, of hub: EventHub) {
    budget = hub.budget
    prepared = try? hub.prepare(shared)
    id = shared.event.id ?? EventID(unchecked: "")
    byteCount = prepared?.byteCount ?? 0
    budget.charge(byteCount)
  }

  deinit { budget.refund(byteCount) }
}

extension EventHub {
  fileprivate func prepare(_ shared: SharedEvent) throws -> PreparedEvent {
    guard let id = shared.event.id else { throw EventIDFlaw.empty }
    try id.checkReturnable(maximumBytes: .max)
    let byteCount = try EventStreamEncoder.byteCount(of: shared.event)
    try checkSize(byteCount)
    return PreparedEvent(event: shared.event, byteCount: byteCount, key: shared.key)
  }
}
