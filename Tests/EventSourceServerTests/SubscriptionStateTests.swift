import Testing

@testable import EventSourceServer

/// Tests every state with every input under every rule.
@Suite struct SubscriptionStateTests {
  private let states: [SubscriptionState] = [
    .live, .behind(since: 5), .conflating(since: 5), .skipping, .held(until: 20), .replaying(.due),
    .replaying(.queued(until: 30)), .replaying(.asked(until: 30)), .replaying(.answered), .replaying(.sending),
    .replaying(.paused(until: 12)), .removed,
  ]
  private let inputs: [SubscriptionState.Input] = [
    .published, .blocked, .caughtUp, .evicted(isWithinEvent: false), .evicted(isWithinEvent: true),
    .backlogExceeded(isWithinEvent: false), .backlogExceeded(isWithinEvent: true), .moved,
    .deadline(isWithinEvent: false), .deadline(isWithinEvent: true), .replay(.due), .replay(.answered),
    .replay(.asked(until: 40)), .joinedLog, .historyFailed, .removed,
    .reconfigured(isBlocked: false), .reconfigured(isBlocked: true),
  ]
  private var rules: [SubscriptionState.Rules] {
    [ChannelConfiguration.SlowReaderPolicy.disconnect, .skipToNewest, .newestPerKey].flatMap { policy in
      [0, 10].map { SubscriptionState.Rules(slowReaders: policy, maximumLag: 7, window: $0) }
    }
  }

  private func forEach(
    _ body: (
      SubscriptionState, SubscriptionState.Input, SubscriptionState.Rules, SubscriptionState, SubscriptionState.Effect
    )
      -> Void
  ) {
    for state in states {
      for input in inputs {
        for rule in rules {
          var next = state
          let effect = next.apply(input, at: 10, rule)
          body(state, input, rule, next, effect)
        }
      }
    }
  }

  @Test func whatHasToBeServedIsServed() {
    forEach { state, input, _, next, effect in
      // No state that must be served is entered without notifying the lane.
      if next.isToBeServed, !state.isToBeServed {
        #expect(effect != .nothing, "\(state) \(input) \(next)")
      }
    }
  }

  @Test func aRemovedChannelStaysRemoved() {
    forEach { state, input, _, next, effect in
      if state == .removed { #expect(next == .removed && effect == .nothing) }
      if input == .removed { #expect(next == .removed) }
    }
  }

  @Test func onlyASlowReaderIsDisconnectedAndOnlyByItsRule() {
    forEach { state, input, rule, next, effect in
      guard case .disconnect = effect else { return }
      #expect(next == state)
      switch input {
      case .evicted(let isWithin), .backlogExceeded(let isWithin), .deadline(let isWithin):
        #expect(rule.slowReaders == .disconnect || isWithin)
      default: Issue.record("\(state) \(input)")
      }
      switch state {
      case .live, .behind, .conflating: break
      default: Issue.record("\(state) \(input)")
      }
    }
  }

  @Test func aReaderThatWaitsForItsWindowIsNeverSlow() {
    forEach { state, input, rule, next, effect in
      guard case .held = state else { return }
      switch input {
      case .deadline: #expect(next == .behind(since: 10) && effect == .serve)
      case .reconfigured where rule.window == 0: #expect(next == .behind(since: 10) && effect == .serve)
      case .removed, .replay: break
      default: #expect(next == state && effect == .nothing, "\(input)")
      }
    }
  }

  @Test func aReplayEndsByTheLogAFailureOrTheChannelsEndAlone() {
    forEach { state, input, _, next, effect in
      guard state.isReplaying, !next.isReplaying else { return }
      #expect(input == .joinedLog || input == .removed)
      if input == .joinedLog { #expect(next == .behind(since: 10) && effect == .serve) }
    }
    for step in [SubscriptionState.ReplayStep.queued(until: 30), .asked(until: 30)] {
      var state = SubscriptionState.replaying(step)
      #expect(state.apply(.deadline(isWithinEvent: false), at: 30, .init()) == .sendAway(.repositoryFailed))
    }
  }

  @Test func everyWaitHasADeadline() {
    let rule = SubscriptionState.Rules(maximumLag: 7)
    let deadlines = states.map { $0.deadline(rule) }
    #expect(deadlines == [.never, 12, .never, .never, 20, .never, 30, 30, .never, .never, 12, .never])
  }

  @Test func aWindowEndsAtTheSamePhase() {
    let rule = SubscriptionState.Rules(window: 10, windowOrigin: 3)
    #expect([3, 4, 12, 13, 14].map { rule.windowEnd($0) } == [13, 13, 13, 23, 23])
    var state = SubscriptionState.live
    #expect(state.apply(.published, at: 4, rule) == .nothing && state == .held(until: 13))
  }
}
