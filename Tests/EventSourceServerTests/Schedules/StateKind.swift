@testable import EventSourceServer

/// The states of `SubscriptionState`, without their data.
enum StateKind: String, CaseIterable {
  case live, behind, conflating, skipping, held, due, queued, asked, answered, sending, paused, removed

  init(_ state: SubscriptionState) {
    self =
      switch state {
      case .live: .live
      case .behind: .behind
      case .conflating: .conflating
      case .skipping: .skipping
      case .held: .held
      case .replaying(.due): .due
      case .replaying(.queued): .queued
      case .replaying(.asked): .asked
      case .replaying(.answered): .answered
      case .replaying(.sending): .sending
      case .replaying(.paused): .paused
      case .removed: .removed
      }
  }

  /// Every transition from one state to another.
  static let transitions: [(from: StateKind, to: StateKind)] = [
    (.live, .behind), (.live, .held), (.live, .due), (.live, .removed), (.held, .behind), (.behind, .live),
    (.behind, .conflating), (.behind, .skipping), (.conflating, .live), (.conflating, .skipping),
    (.skipping, .behind), (.skipping, .conflating), (.due, .asked), (.due, .queued), (.queued, .due),
    (.asked, .answered), (.answered, .sending), (.answered, .due), (.answered, .behind), (.answered, .paused),
    (.sending, .due), (.sending, .behind), (.paused, .due), (.asked, .removed), (.sending, .removed),
  ]
}
