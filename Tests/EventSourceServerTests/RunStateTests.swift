import Testing

@testable import EventSourceServer

/// Tests of the state machine of a run, with every input in every state that is reachable within a few ticks.
@Suite struct RunStateTests {
  private static let inputs: [RunState.Input] = [
    .wrote, .recorded, .viewerCame, .viewerLeft, .finish, .fail("x"), .stop(.requested(by: "a")), .stop(.byteLimit),
    .stop(.closed),
    .look, .discard,
  ]
  private static let last: Int64 = 4

  private struct Moment: Hashable {
    var state: RunState
    var now: Int64
    /// The number of ends and discards reported so far.
    var ends = 0
    var discards = 0
  }

  private static func rules(_ grace: Int64, _ retention: Int64, _ unwatched: Int64, _ duration: Int64)
    -> RunState.Rules
  {
    RunState.Rules(
      maximumDuration: duration, unwatchedLimit: unwatched, stopGrace: grace, retention: retention)
  }

  /// Explores every reachable state and judges each transition. Returns a description of the first wrong one.
  private func explore(
    _ rules: RunState.Rules, _ isSound: (Moment, RunState.Input, Moment, RunState.Effect) -> Bool
  ) -> String? {
    var seen: Set<Moment> = []
    var queue = [false, true].map { Moment(state: RunState(isRecorded: $0), now: 0) }
    while let moment = queue.popLast() {
      guard seen.insert(moment).inserted else { continue }
      if moment.now < Self.last {
        var later = moment
        later.now += 1
        queue.append(later)
      }
      for input in Self.inputs {
        if input == .viewerLeft, moment.state.viewers == 0 { continue }
        if input == .recorded, moment.state.outcome == nil { continue }
        if input == .viewerCame, moment.state.viewers == 1 { continue }
        var next = moment
        let effect = next.state.apply(input, at: moment.now, rules)
        if case .end = effect { next.ends += 1 }
        if effect == .discard { next.discards += 1 }
        guard isSound(moment, input, next, effect) else { return "\(moment) \(input) \(next) \(effect)" }
        queue.append(next)
      }
    }
    return nil
  }

  @Test(arguments: [(Int64(0), Int64(1)), (1, 0), (1, 2)])
  func aRunEndsOnceAndIsDiscardedOnce(grace: Int64, retention: Int64) {
    for (unwatched, duration) in [(Int64.never, Int64.never), (2, 3), (1, .never), (.never, 2)] {
      let flaw = explore(Self.rules(grace, retention, unwatched, duration)) { before, _, after, effect in
        guard after.ends <= 1, after.discards <= 1 else { return false }
        guard before.state.outcome == nil || after.state.outcome == before.state.outcome else { return false }
        guard before.state.phase != .gone || after.state == before.state && effect == .nothing else { return false }
        guard before.state.isActive || !after.state.isActive else { return false }
        if case .stopRequested(let reason) = before.state.phase, let outcome = after.state.outcome {
          guard outcome == .stopped(reason) else { return false }
        }
        if case .end(let outcome) = effect, after.state.outcome != outcome { return false }
        if case .askToStop(let reason) = effect {
          guard after.state.phase == .stopRequested(reason), grace > 0 else { return false }
        }
        return (effect == .discard) == (after.state.phase == .gone && before.state.phase != .gone)
      }
      #expect(flaw == nil)
    }
  }

  @Test func oneLookDoesWhatIsDueAndChangesNothingElse() {
    let rules = Self.rules(1, 2, 1, 3)
    let flaw = explore(rules) { before, input, after, effect in
      guard input == .look else { return true }
      if case .at(let moment) = after.state.deadline(rules), effect == .nothing, moment <= before.now { return false }
      switch before.state.deadline(rules) {
      case .at(let moment) where moment <= before.now: return after.state.phase != before.state.phase
      case .at, .never: return effect == .nothing && after.state.phase == before.state.phase
      // If the time was unknown, it begins now.
      case .unknown: return after.state.deadline(rules) != .unknown || after.state.phase != before.state.phase
      }
    }
    #expect(flaw == nil)
  }

  @Test func everyStateWithARuleHasADeadline() {
    let rules = Self.rules(1, 2, 1, 3)
    let flaw = explore(rules) { _, _, after, _ in
      let hasNone = after.state.deadline(rules) == .never
      return switch after.state.phase {
      case .begun, .running, .stopRequested: !hasNone
      case .ended: hasNone == !after.state.isIdle
      case .gone: hasNone
      }
    }
    #expect(flaw == nil)
  }

  @Test func aViewerKeepsARunFromBeingUnwatched() {
    let rules = Self.rules(0, 3, 2, .never)
    var state = RunState()
    #expect(state.apply(.look, at: 0, rules) == .nothing)
    #expect(state.deadline(rules) == .at(2))
    _ = state.apply(.viewerCame, at: 1, rules)
    #expect(state.apply(.look, at: 100, rules) == .nothing && state.deadline(rules) == .never)
    _ = state.apply(.viewerLeft, at: 100, rules)
    #expect(state.apply(.look, at: 101, rules) == .nothing)
    // A viewer that returns in time changes nothing.
    _ = state.apply(.viewerCame, at: 101, rules)
    _ = state.apply(.viewerLeft, at: 102, rules)
    #expect(state.apply(.look, at: 103, rules) == .nothing)
    #expect(state.apply(.look, at: 104, rules) == .end(.stopped(.unwatched)))
  }

  @Test func aStopAndAFinishInTheSameMomentHaveOneOutcome() {
    let rules = Self.rules(0, 3, .never, .never)
    var stopped = RunState()
    #expect(stopped.apply(.stop(.requested(by: nil)), at: 1, rules) == .end(.stopped(.requested(by: nil))))
    #expect(stopped.apply(.finish, at: 1, rules) == .nothing)
    var finished = RunState()
    #expect(finished.apply(.finish, at: 1, rules) == .end(.finished))
    #expect(finished.apply(.stop(.requested(by: nil)), at: 1, rules) == .nothing)
    #expect(finished.outcome == .finished)
  }

  @Test func theEarlierOfTwoDeadlinesGivesTheReason() {
    for (unwatched, duration, reason) in [
      (Int64(2), Int64(5), RunStopReason.unwatched), (5, 2, .deadline), (2, 2, .deadline),
    ] {
      let rules = Self.rules(0, 1, unwatched, duration)
      var state = RunState()
      _ = state.apply(.look, at: 0, rules)
      #expect(state.apply(.look, at: 10, rules) == .end(.stopped(reason)))
    }
  }
}
