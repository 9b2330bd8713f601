/// The broadcast of one piece of a channel's log to the channel's cohorts. A lane has one object and uses it for one
/// broadcast at a time, so a stream never gets another channel's events in between and nothing is allocated.
final class BroadcastPass {
  private(set) var piece: LogPiece!
  /// The log's end when it was read.
  private(set) var logEnd: UInt64 = 0
  /// The cohort that is being written to and its index. Earlier cohorts have the piece.
  var cohort: Cohort?
  var cohortIndex = 0
  /// The bytes for the cohort's members: the piece itself, or its events with composite IDs.
  var parts: [EventStreamBytes] = []
  /// The piece for readers that accept gzip, if there are any.
  var encoded: EncodedPiece?
  /// The composite ID after the piece.
  var composite: CompositeIDWriter?
  /// Members from this index on have been offered the piece.
  var index = 0

  func begin(_ piece: LogPiece, logEnd: UInt64) {
    self.piece = piece
    self.logEnd = logEnd
    cohort = nil
    cohortIndex = 0
  }

  /// Releases the offered memory.
  func end() {
    piece = nil
    parts.removeAll(keepingCapacity: true)
    encoded = nil
    composite = nil
  }
}
