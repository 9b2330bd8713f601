/// A process's knowledge of whether the process that produces a run still lives. It has no I/O and no clock.
///
/// Only intervals count. In each interval, this process asks through the control channel, and receives its own question
/// there. It assumes that the producer's process has ended after several such intervals without a sign of life. A
/// process that is cut off from the store does not receive its questions, so it assumes nothing.
struct RunLiveness: Hashable {
  enum Verdict: Equatable {
    case lives
    case ask
    case ended
  }

  private var hasSign = true
  private var wasAsked = false
  private var unanswered = 0

  /// The producer's process has recorded an event or answered.
  mutating func seesSign() { hasSign = true }

  /// A question about the run, from any process, has arrived.
  mutating func seesQuestion() { wasAsked = true }

  /// An interval is over.
  ///
  /// - Parameter limit: The number of unanswered questions after which the process is taken for ended.
  mutating func intervalEnds(limit: Int) -> Verdict {
    if hasSign {
      self = RunLiveness()
      hasSign = false
      return .lives
    }
    if wasAsked { unanswered += 1 }
    wasAsked = false
    return unanswered >= limit ? .ended : .ask
  }
}
