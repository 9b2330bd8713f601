/// Streams of one lane that have the same channels and everything of them: they are offered what is new together, in
/// the same bytes, and how far they are is noted once for all. Belongs to the lane's thread.
final class Cohort {
  /// A stream stays in memory, because the lane holds it until it has left the cohort.
  struct Member {
    unowned(unsafe) let exchange: EventStreamExchange
    let response: any EventStreamResponse
  }

  let audiences: [LaneAudience]
  private let maximumBytes: Int
  private(set) var members: [Member] = []
  /// The last event ID of all of them, if they have several channels.
  var composite: CompositeIDWriter?

  init(audiences: [LaneAudience], maximumBytes: Int) {
    self.audiences = audiences
    self.maximumBytes = maximumBytes
  }

  func isFor(_ audiences: [LaneAudience], _ maximumBytes: Int) -> Bool {
    audiences.count == self.audiences.count && (audiences.count == 1 || maximumBytes == self.maximumBytes)
      && zip(audiences, self.audiences).allSatisfy { $0 === $1 }
  }

  /// A stream that has exactly what the members have.
  func insert(_ exchange: EventStreamExchange) {
    exchange.cohort = self
    exchange.cohortIndex = members.count
    if members.isEmpty {
      composite = exchange.composite
    } else if let other = exchange.composite {
      composite?.merge(other)
    }
    exchange.composite = nil
    members.append(Member(exchange: exchange, response: exchange.response))
  }

  /// Constant time. In a broadcast the members before ``BroadcastPass/index`` have yet to be offered the piece, and
  /// those behind have been: the order is kept.
  func remove(_ exchange: EventStreamExchange) {
    var hole = exchange.cohortIndex
    for audience in audiences {
      guard let pass = audience.pass, pass.cohort === self, hole < pass.index else { continue }
      pass.index -= 1
      fill(hole, from: pass.index)
      hole = pass.index
    }
    fill(hole, from: members.count - 1)
    members.removeLast()
    exchange.cohort = nil
  }

  private func fill(_ hole: Int, from index: Int) {
    members[hole] = members[index]
    members[hole].exchange.cohortIndex = hole
  }
}

/// One piece of a channel's log on its way to the cohorts. A lane has at most one, so that a stream never gets another
/// channel's events in between.
final class BroadcastPass {
  let piece: LogPiece
  /// The log's end when it was read.
  let logEnd: UInt64
  /// The cohort that is being written to, and its index; those before it have the piece.
  var cohort: Cohort?
  var cohortIndex = 0
  /// What its members are given: the piece, or its events with an ID of several channels.
  var parts: [EventStreamBytes] = []
  /// The composite ID behind the piece.
  var composite: CompositeIDWriter?
  /// The members from this index on have been offered it.
  var index = 0

  init(piece: LogPiece, logEnd: UInt64) {
    self.piece = piece
    self.logEnd = logEnd
  }
}
