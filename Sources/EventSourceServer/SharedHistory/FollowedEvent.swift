internal import EventSourceFormat

/// An event of the store on its way into a channel's log, encoded as far as that can be done without the channel's
/// lock. Its bytes are charged to the hub until it is released.
final class FollowedEvent: Sendable {
  /// Nil: it cannot be published here, because it is too large for this hub or cannot be written in the format.
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
