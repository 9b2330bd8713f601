import Foundation
import Testing

@testable import EventSourceClient

/// Tests of the state machine of a source, without I/O: every state with every input.
@Suite struct ConnectionStateTests {
  private typealias Machine = ConnectionState
  private let error = SubscriptionError(.streamEnded, "it ended")
  private let broken = SubscriptionError(.transport, "it broke")
  private let plan = ConnectionState.Plan(suggestion: .reconnect, delay: .seconds(1))

  private func machine(_ change: (inout EventSource.Configuration) -> Void = { _ in }) -> ConnectionState {
    var configuration = EventSource.Configuration()
    configuration.jitter = 0
    configuration.reconnectionTime = .seconds(1)
    configuration.maximumReconnectionTime = .seconds(8)
    change(&configuration)
    return ConnectionState(configuration, random: SystemRandomNumberGenerator())
  }

  private func machine(in state: ConnectionState.State) -> ConnectionState {
    var machine = machine()
    let path: [ConnectionState.Input] =
      switch state {
      case .idle: []
      case .connecting: [.start]
      case .open: [.start, .accepted]
      case .waiting: [.start, .failed(error, .reconnect, plan)]
      case .closed: [.close]
      }
    for input in path { _ = machine.take(input, at: .zero) }
    #expect(machine.state == state)
    return machine
  }

  private func name(_ action: ConnectionState.Action?) -> String {
    switch action {
    case nil: "-"
    case .connect: "connect"
    case .open: "open"
    case .wait: "wait"
    case .close: "close"
    case .fail: "fail"
    }
  }

  @Test func everyStateTakesEveryInput() {
    let inputs: [(name: String, input: ConnectionState.Input)] = [
      ("start", .start), ("accepted", .accepted), ("finished", .finished),
      ("reconnect", .failed(error, .reconnect, plan)), ("stop", .failed(error, .stop, plan)), ("delivered", .delivered),
      ("completed", .completed),
      ("time", .reconnectionTime(.seconds(2))), ("waited", .waited), ("restart", .restart), ("close", .close),
    ]
    let states: [ConnectionState.State] = [.idle, .connecting, .open, .waiting, .closed]
    // The action and the next state. A missing entry means no action and the same state.
    let expected: [String: (action: String, state: ConnectionState.State)] = [
      "idle start": ("connect", .connecting), "idle close": ("close", .closed),
      "connecting accepted": ("open", .open), "connecting finished": ("close", .closed),
      "connecting reconnect": ("wait", .waiting), "connecting stop": ("fail", .closed),
      "connecting restart": ("wait", .waiting), "connecting close": ("close", .closed),
      "open reconnect": ("wait", .waiting), "open stop": ("fail", .closed), "open restart": ("wait", .waiting),
      "open close": ("close", .closed), "open completed": ("close", .closed),
      "waiting waited": ("connect", .connecting),
      "waiting restart": ("wait", .waiting), "waiting close": ("close", .closed),
    ]
    for state in states {
      for (inputName, input) in inputs {
        var machine = machine(in: state)
        let action = name(machine.take(input, at: .zero))
        let wanted = expected["\(state) \(inputName)"] ?? ("-", state)
        #expect(action == wanted.action && machine.state == wanted.state, "\(state) \(inputName)")
      }
    }
  }

  /// The outcome of an attempt.
  private enum Course {
    case noStream
    case brokenStream
    case emptyStream
    case stream
    case stableStream
  }

  /// Returns the delays after attempts with these outcomes.
  private func delays(_ machine: inout ConnectionState, _ courses: [Course]) -> [Duration] {
    var now = Duration.zero
    if machine.state == .idle { _ = machine.take(.start, at: now) }
    return courses.compactMap { course in
      if machine.state == .waiting { _ = machine.take(.waited, at: now) }
      if course != .noStream { _ = machine.take(.accepted, at: now) }
      if course == .stream { _ = machine.take(.delivered, at: now) }
      if course == .stableStream { now += .seconds(60) }
      let error = course == .emptyStream ? error : broken
      let plan = machine.plan(for: error, isFutile: false, atLeast: nil, at: now)
      guard case .wait(let wait)? = machine.take(.failed(error, .reconnect, plan), at: now) else { return nil }
      return wait.delay
    }
  }

  private func failures(_ count: Int) -> [Course] { Array(repeating: .noStream, count: count) }

  @Test func waitsDoubleFromFailureToFailureUpToTheMaximum() {
    var failing = machine()
    #expect(delays(&failing, failures(6)) == [1, 2, 4, 8, 8, 8].map { .seconds($0) })
    var breaking = machine()
    #expect(delays(&breaking, [.brokenStream, .brokenStream, .brokenStream]) == [1, 2, 4].map { .seconds($0) })
    var steady = machine { $0.usesExponentialBackoff = false }
    #expect(delays(&steady, failures(3)) == [1, 1, 1].map { .seconds($0) })
  }

  @Test func theWaitStartsAnewAfterAStreamThatWasNoFailure() {
    for course in [Course.stream, .emptyStream, .stableStream] {
      var machine = machine()
      let waits = delays(&machine, failures(3) + [course, course] + failures(2))
      #expect(waits == [1, 2, 4, 1, 1, 1, 2].map { .seconds($0) }, "\(course)")
    }
  }

  @Test func theServersTimeIsTheBaseOfAllWaits() {
    var said = machine()
    _ = said.take(.start, at: .zero)
    _ = said.take(.reconnectionTime(.seconds(20)), at: .zero)
    // Longer than the maximum, which applies only to backoff.
    #expect(delays(&said, [.stream] + failures(2)) == [20, 20, 20].map { .seconds($0) })
    var short = machine()
    _ = short.take(.start, at: .zero)
    _ = short.take(.reconnectionTime(.milliseconds(500)), at: .zero)
    #expect(delays(&short, [.stream] + failures(6)) == [0.5, 0.5, 1, 2, 4, 8, 8].map { .seconds($0) })
    var jittered = machine { $0.jitter = 0.5 }
    for (delay, base) in zip(delays(&jittered, failures(4)), [1, 2, 4, 8]) {
      #expect(delay >= .seconds(base) && delay <= .seconds(Double(base) * 1.5))
    }
  }

  @Test func failuresBackOffFromAFloorOfTheirOwn() {
    for change in [{ $0.reconnectionTime = .zero }, { $0.minimumFailureDelay = .milliseconds(100) }]
      as [(inout EventSource.Configuration) -> Void]
    {
      var machine = machine(change)
      _ = machine.take(.start, at: .zero)
      _ = machine.take(.reconnectionTime(.zero), at: .zero)
      let waits = delays(&machine, failures(9) + [.emptyStream, .stream])
      #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 8000, 8000, 100, 0].map { .milliseconds($0) })
    }
  }

  @Test func noServerMakesAProgramWaitForDays() {
    for time in [Duration.milliseconds(Int64.max), .seconds(Int64.max), .seconds(86_400 * 30)] {
      var machine = machine { $0.jitter = 1 }
      _ = machine.take(.start, at: .zero)
      _ = machine.take(.reconnectionTime(time), at: .zero)
      for wait in delays(&machine, [.stream] + failures(100)) {
        #expect(wait >= .seconds(3600) && wait <= .seconds(7200))
      }
    }
    var machine = machine()
    _ = machine.take(.start, at: .zero)
    #expect(machine.plan(for: broken, isFutile: false, atLeast: .seconds(90), at: .zero).delay == .seconds(90))
    #expect(machine.plan(for: broken, isFutile: false, atLeast: .seconds(90_000), at: .zero).delay == .seconds(3600))
  }

  @Test func unlimitedTimesAreNoTrap() {
    let forever = Duration.seconds(Int64.max)
    var machine = machine {
      $0.jitter = 1
      $0.reconnectionTime = forever
      $0.minimumFailureDelay = forever
      $0.maximumReconnectionTime = forever
      $0.maximumServerDelay = forever
      $0.backoffResetInterval = forever
      $0.initialConnectionFailure = .retry(for: forever)
    }
    _ = machine.take(.start, at: .zero)
    _ = machine.take(.reconnectionTime(forever), at: .zero)
    #expect(delays(&machine, [.stream] + failures(200)).count == 201)
  }

  private func suggestion(
    _ machine: ConnectionState, for error: SubscriptionError? = nil, isFutile: Bool = false,
    atLeast minimum: Duration? = nil, at now: Duration = .zero
  ) -> EventSource.Configuration.Decision {
    var machine = machine
    return machine.plan(for: error ?? broken, isFutile: isFutile, atLeast: minimum, at: now).suggestion
  }

  @Test func whatAnErrorSuggestsDependsOnWhetherThereEverWasAStream() {
    var machine = machine { $0.initialConnectionFailure = .retry(for: .seconds(10)) }
    _ = machine.take(.start, at: .seconds(100))
    #expect(suggestion(machine, at: .seconds(108.5)) == .reconnect)
    #expect(suggestion(machine, isFutile: true, at: .seconds(100)) == .stop)
    _ = machine.take(.accepted, at: .seconds(109))
    #expect(suggestion(machine, at: .seconds(1000)) == .reconnect)
    #expect(suggestion(self.machine(in: .connecting)) == .stop)
    #expect(suggestion(self.machine(in: .open)) == .reconnect)
  }

  @Test func noWaitOutlastsTheLimitOfTheFirstConnection() {
    var machine = machine { $0.initialConnectionFailure = .retry(for: .seconds(10)) }
    _ = machine.take(.start, at: .seconds(100))
    #expect(machine.timeLeft(at: .seconds(103)) == .seconds(7))
    // The next attempt would begin a second after the limit.
    #expect(suggestion(machine, at: .seconds(109)) == .stop)
    #expect(suggestion(machine, atLeast: .seconds(60), at: .seconds(100)) == .stop)
    #expect(suggestion(machine, atLeast: .seconds(5), at: .seconds(100)) == .reconnect)
    var opened = machine
    _ = opened.take(.accepted, at: .seconds(109))
    #expect(opened.timeLeft(at: .seconds(109)) == nil)
    // The error handler decides to continue beyond the limit.
    _ = machine.take(.failed(broken, .reconnect, .init(suggestion: .stop, delay: .zero)), at: .seconds(111))
    #expect(machine.timeLeft(at: .seconds(111)) == nil)
  }

  @Test func aResponseIsRetriedUntilItHasBegunIfThatIsConfigured() {
    var machine = machine {
      $0.mode = .singleResponse
      $0.initialConnectionFailure = .retry(for: nil)
    }
    _ = machine.take(.start, at: .zero)
    #expect(suggestion(machine) == .reconnect)
    _ = machine.take(.accepted, at: .zero)
    #expect(suggestion(machine) == .stop)
  }

  @Test func aProviderIsAskedOnceMoreAfterARefusal() {
    let rejection = SubscriptionError(
      .status, "401", head: ResponseHead(status: 401, url: URL(string: "http://example.org")!))
    var machine = machine { $0.requestProvider = { $1 } }
    _ = machine.take(.start, at: .zero)
    let first = machine.plan(for: rejection, isFutile: true, atLeast: nil, at: .zero)
    #expect(first.suggestion == .reconnect)
    #expect(machine.plan(for: rejection, isFutile: true, atLeast: nil, at: .zero).suggestion == .stop)
    #expect(suggestion(self.machine(in: .connecting), for: rejection, isFutile: true) == .stop)
  }

  @Test func soManyFailuresInARowAreEnough() {
    var machine = machine { $0.maximumFailedAttempts = 3 }
    _ = delays(&machine, [.stream] + failures(2) + [.stream] + failures(1))
    #expect(suggestion(machine) == .reconnect)
    _ = delays(&machine, failures(1))
    _ = machine.take(.waited, at: .zero)
    #expect(machine.plan(for: broken, isFutile: false, atLeast: nil, at: .zero).suggestion == .stop)
  }

  @Test func aDecisionMayCarryItsDelay() {
    var machine = machine(in: .connecting)
    guard case .wait(let wait)? = machine.take(.failed(broken, .reconnectAfter(.seconds(7)), plan), at: .zero) else {
      Issue.record("no wait")
      return
    }
    #expect(wait.delay == .seconds(7) && wait.attempt == 2)
  }

  @Test func aResponseIsCompletedByItsEndAndByNothingElse() {
    var machine = machine { $0.mode = .singleResponse }
    _ = machine.take(.start, at: .zero)
    _ = machine.take(.accepted, at: .zero)
    #expect(suggestion(machine, for: error) == .stop)
    #expect(name(machine.take(.failed(error, .stop, plan), at: .zero)) == "close")
    var broken = self.machine { $0.mode = .singleResponse }
    _ = broken.take(.start, at: .zero)
    _ = broken.take(.accepted, at: .zero)
    #expect(name(broken.take(.failed(self.broken, .stop, plan), at: .zero)) == "fail")
  }

  @Test(
    arguments: [
      ("0", 0), ("120", 120), ("99999999999999999999", 86_400), ("Wed, 21 Oct 2015 07:28:10 GMT", 10),
      ("Wed, 21 Oct 2015 07:00:00 GMT", 0), ("soon", nil), ("", nil), ("-5", nil),
      ("Wednesday, 21-Oct-15 07:28:10 GMT", 10), ("Wed Oct 21 07:28:10 2015", 10), ("Thu Jan  1 00:00:00 1970", 0),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 0), ("Tue, 01 Jan 2030 00:00:00 GMT", 86_400), ("Wed Oct 21 7:28 2015", nil),
      ("Wed, 21 Okt 2015 07:28:10 GMT", nil), ("Wed, 21 Oct 2015 25:28:10 GMT", nil),
    ] as [(String, Int?)])
  func retryAfterIsSecondsOrADate(value: String, seconds: Int?) throws {
    let head = ResponseHead(
      status: 503, headers: [HeaderField("retry-after", value)], url: URL(string: "http://example.org")!)
    let now = Date(timeIntervalSince1970: 1_445_412_480)
    #expect(ResponsePolicy.retryAfter(head, now: now) == seconds.map { .seconds($0) })
  }
}
