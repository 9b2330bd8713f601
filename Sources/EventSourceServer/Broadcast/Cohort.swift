/// Streams of one lane that have the same channels and everything of them: they are offered what is new together, in
/// the same bytes, and how far they are is noted once for all. Belongs to the lane's thread.
final class Cohort {
  /// A stream stays in memory, because the lane holds it until it has left the cohort.
  struct Member {
    unowned(unsafe) let session: EventStreamSession
    let response: any EventStreamResponse
  }

  let audiences: [LaneAudience]
  private let maximumBytes: Int
  /// Whether the ID of its streams names each channel by its name.
  private let isAliased: [Bool]
  private(set) var members: [Member] = []
  /// The last event ID of all of them, if they have several channels.
  var composite: CompositeIDWriter?

  init(for session: EventStreamSession) {
    audiences = session.subscriptions.map(\.audience)
    maximumBytes = session.handler.configuration.maximumLastEventIDBytes
    isAliased = audiences.count > 1 ? session.subscriptions.map(\.isAliased) : []
  }

  /// Whether a stream has the same channels, and the same IDs where these name several channels.
  func isFor(_ session: EventStreamSession) -> Bool {
    let subscriptions = session.subscriptions
    guard subscriptions.count == audiences.count else { return false }
    guard zip(subscriptions, audiences).allSatisfy({ $0.audience === $1 }) else { return false }
    return audiences.count == 1
      || session.handler.configuration.maximumLastEventIDBytes == maximumBytes
        && subscriptions.lazy.map(\.isAliased).elementsEqual(isAliased)
  }

  /// A stream that has exactly what the members have.
  func insert(_ session: EventStreamSession) {
    session.cohort = self
    session.cohortIndex = members.count
    if members.isEmpty {
      composite = session.composite
    } else if let other = session.composite {
      composite?.merge(other)
    }
    session.composite = nil
    members.append(Member(session: session, response: session.response))
  }

  /// Constant time. In a broadcast the members before ``BroadcastPass/index`` have yet to be offered the piece, and
  /// those behind have been: the order is kept.
  func remove(_ session: EventStreamSession) {
    var hole = session.cohortIndex
    for audience in audiences {
      guard let pass = audience.pass, pass.cohort === self, hole < pass.index else { continue }
      pass.index -= 1
      fill(hole, from: pass.index)
      hole = pass.index
    }
    fill(hole, from: members.count - 1)
    members.removeLast()
    session.cohort = nil
  }

  /// Not the hole from itself: the member there may be a copy of one that has just been moved.
  private func fill(_ hole: Int, from index: Int) {
    guard hole != index else { return }
    members[hole] = members[index]
    members[hole].session.cohortIndex = hole
  }
}
