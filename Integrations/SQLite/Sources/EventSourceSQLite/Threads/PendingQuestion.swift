internal import EventSourceServer

/// One call of `events(for:)` or `newestEventID(in:)`, from when it arrives until its caller has an answer. Any thread.
final class PendingQuestion: Sendable {
  let request: ReplayRequest
  /// The question is for the channel's newest event alone.
  let isForNewest: Bool
  let answer = FirstResult<ReplayAnswer>()

  init(_ request: ReplayRequest, isForNewest: Bool) {
    self.request = request
    self.isForNewest = isForNewest
  }

  /// Finds the answer, and cuts it short when nobody waits for it any more.
  func find(in history: HistoryReader?, path: String) {
    guard !answer.hasEnded else { return }
    answer.end(
      with: Result {
        guard let history else { throw SQLiteHistoryError.closed(path) }
        return try history.answer(request, isForNewest: isForNewest) { answer.hasEnded }
      })
  }
}
