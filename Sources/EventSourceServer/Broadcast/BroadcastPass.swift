/// One piece of a channel's log on its way to the cohorts. A lane has one object for all that it broadcasts, one after
/// the other, so that a stream never gets another channel's events in between and nothing is allocated.
final class BroadcastPass {
  private(set) var piece: LogPiece!
  /// The log's end when it was read.
  private(set) var logEnd: UInt64 = 0
  /// The cohort that is being written to, and its index; those before it have the piece.
  var cohort: Cohort?
  var cohortIndex = 0
  /// What its members are given: the piece, or its events with an ID of several channels.
  var parts: [EventStreamBytes] = []
  /// The composite ID behind the piece.
  var composite: CompositeIDWriter?
  /// The members from this index on have been offered it.
  var index = 0

  func begin(_ piece: LogPiece, logEnd: UInt64) {
    self.piece = piece
    self.logEnd = logEnd
    cohort = nil
    cohortIndex = 0
  }

  /// Releases the memory that was offered.
  func end() {
    piece = nil
    parts.removeAll(keepingCapacity: true)
    composite = nil
  }
}
