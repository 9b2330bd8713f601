import EventSourceServer
import EventSourceTesting

/// Runs the stacks' loops and advances their clocks.
extension Schedule {
  func run(_ stack: ScheduleStack) {
    guard !stack.isSuspended else { return }
    runAnyway(stack) { $0.run() }
  }

  private func runAnyway(_ stack: ScheduleStack, _ body: (SimulatedStack) -> Void) {
    guard let simulated = stack.stack, !stack.isClosed else { return }
    note(.run)
    trace("stack \(stack.index) runs")
    wasIdle = executor.count == 0 && repository.calls.isEmpty
    for name in options.names { publishedBeforeRun[name] = ledger.published[name] ?? 0 }
    for visit in visits where visit.stack === stack {
      if visit.opened != nil { takeGrant(of: visit) }
      if visit.channels.contains(where: { isPressed(stack, $0) }) { visit.wasSlow = true }
    }
    for visit in visits where visit.stack === stack { visit.idleRuns = wasIdle ? visit.idleRuns + 1 : 0 }
    body(simulated)
    for visit in visits where visit.stack === stack && visit.hasAnswers && !visit.livesAtHead.isEmpty {
      visit.answered.formUnion(visit.channels.filter { !wasRemoved($0, visit) })
    }
    judgeAfterRun(stack)
    check()
    stack.unoffered = [:]
    stack.evictedUnoffered = hub.statistics.evictedUnoffered
    stack.seen = ledger.published
  }

  func resume(_ stack: ScheduleStack) {
    guard stack.isSuspended else { return }
    stack.isSuspended = false
    note(.resumed)
    run(stack)
  }

  /// Advances time. The loops of suspended stacks do not run during this time. Occasionally all loops do.
  func passTime(_ time: Duration, isRegular: Bool = false) {
    // Authorizers that are called every second must return every second.
    let isAsked = options.hasAuthorizer && handlers.contains { $0.configuration.reauthorizationInterval != nil }
    if isAsked, isSettling || isRegular, time > .milliseconds(400) {
      executor.run()
      passTime(.milliseconds(400), isRegular: isRegular)
      return passTime(time - .milliseconds(400), isRegular: isRegular)
    }
    note(.timePasses)
    trace("\(time) pass")
    let standsStill = !isSettling && !isRegular && random.isOnce(in: 6)
    if standsStill { note(.loopStandsStill) }
    let drift = !isSettling && !isRegular && random.isOnce(in: 4)
    if drift { note(.clocksDrift) }
    for stack in stacks {
      let own = drift ? time + .milliseconds(Int.random(in: 0...300, using: &random)) : time
      if stack.isSuspended || standsStill || stack.isClosed {
        stack.clock.advance(by: own)
        stack.stoodStill += own
      } else {
        runAnyway(stack) { $0.advance(by: own) }
      }
    }
    if !standsStill { judgeCalls() }
  }

  func finishEverything() {
    for name in options.names { finishHalfDone(name, count: .max) }
    var rounds = 0
    repeat {
      executor.run()
      for stack in stacks { run(stack) }
      rounds += 1
    } while executor.count > 0 && rounds < 1000
    if executor.count > 0 { report(.waits, "there is no end of jobs") }
  }

  /// Checks that the hub neither waits for a history indefinitely nor requests too much of it.
  private func judgeCalls() {
    let (calls, bytes) = repository.mostAwaited
    if calls > max(4, options.hub.memoryLimit / 8 / max(1, bytes / max(1, calls))), calls > 4 {
      report(.memory, "\(calls) answers of up to \(bytes) bytes were awaited at a time")
    }
    guard stacks.allSatisfy({ !$0.isSuspended }) else { return }
    for call in repository.calls.values where !call.isCanceled {
      let waits = zip(stacks, call.begun).allSatisfy { $0.clock.now - $1 > .seconds(31) && !$0.isClosed }
      if waits, call.begun.count == stacks.count, call.isReplay {
        report(.neverSilentlyLive, "an answer for \(call.name) is awaited for more than 31 s")
      }
    }
  }
}
