/// Streams of one lane that read the same channels and are caught up in all of them. They are offered new events
/// together, in the same bytes, and their position is recorded once for all. Belongs to the lane's thread.
final class Cohort {
  /// A member stays in memory because the lane retains the session until it has left the cohort.
  struct Member {
    unowned(unsafe) let session: EventStreamSession
    let response: any EventStreamResponse
  }

  /// The coding of what the members are sent.
  enum Form {
    /// None: the log's bytes, or copies of them with composite IDs.
    case plain
    /// gzip: the channel's shared blocks.
    case shared
    /// gzip: the same content in stored blocks, until the next key frame.
    case stored
  }

  let audiences: [LaneAudience]
  var form: Form
  private let maximumBytes: Int
  /// Whether the streams' composite ID contains each channel's name only as a hash.
  private let isAliased: [Bool]
  private(set) var members: [Member] = []
  /// The last event ID of all members, if they read several channels.
  var composite: CompositeIDWriter?

  init(for session: EventStreamSession, _ form: Form) {
    self.form = form
    audiences = session.subscriptions.map(\.audience)
    maximumBytes = session.handler.configuration.maximumLastEventIDBytes
    isAliased = audiences.count > 1 ? session.subscriptions.map(\.isAliased) : []
  }

  /// Returns whether a stream has the same channels, the same form and, if there are several channels, the same kind
  /// of composite ID.
  func isFor(_ session: EventStreamSession, _ form: Form) -> Bool {
    let subscriptions = session.subscriptions
    guard self.form == form, subscriptions.count == audiences.count else { return false }
    guard zip(subscriptions, audiences).allSatisfy({ $0.audience === $1 }) else { return false }
    return audiences.count == 1
      || session.handler.configuration.maximumLastEventIDBytes == maximumBytes
        && subscriptions.lazy.map(\.isAliased).elementsEqual(isAliased)
  }

  /// Adds a stream that has exactly the events that the members have.
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

  /// Removes a stream in constant time. During a broadcast, members before ``BroadcastPass/index`` have not been
  /// offered the piece and members from it on have. Removal preserves that order.
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

  /// Does nothing if the hole is at the index itself: the member there may be a copy of one that was just moved.
  private func fill(_ hole: Int, from index: Int) {
    guard hole != index else { return }
    members[hole] = members[index]
    members[hole].session.cohortIndex = hole
  }
}
