import Foundation
import Testing

@testable import EventSourceClient

/// The course of a source without any I/O: every state with every input.
@Suite struct ConnectionStateTests {
  private typealias Machine = ConnectionState
  private let error = SubscriptionError(.ended, "it ended")

  private func machine(_ change: (inout EventSource.Configuration) -> Void = { _ in }) -> ConnectionState {
    var configuration = EventSource.Configuration()
    configuration.jitter = 0
    configuration.initialReconnectionTime = .seconds(1)
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
      case .waiting: [.start, .failed(error, .reconnect, atLeast: nil)]
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
      ("reconnect", .failed(error, .reconnect, atLeast: nil)), ("stop", .failed(error, .stop, atLeast: nil)),
      ("time", .reconnectionTime(.seconds(2))), ("waited", .waited), ("restart", .restart), ("close", .close),
    ]
    let states: [ConnectionState.State] = [.idle, .connecting, .open, .waiting, .closed]
    // What is done, and the state that follows; what is not here is "nothing, and the same state".
    let expected: [String: (action: String, state: ConnectionState.State)] = [
      "idle start": ("connect", .connecting), "idle close": ("close", .closed),
      "connecting accepted": ("open", .open), "connecting finished": ("close", .closed),
      "connecting reconnect": ("wait", .waiting), "connecting stop": ("fail", .closed),
      "connecting restart": ("wait", .waiting), "connecting close": ("close", .closed),
      "open reconnect": ("wait", .waiting), "open stop": ("fail", .closed), "open restart": ("wait", .waiting),
      "open close": ("close", .closed), "waiting waited": ("connect", .connecting),
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

  private func delays(_ machine: inout ConnectionState, _ count: Int, openFor time: Duration = .zero) -> [Duration] {
    var now = Duration.zero
    return (0..<count).compactMap { _ in
      if machine.state == .waiting { _ = machine.take(.waited, at: now) }
      _ = machine.take(.accepted, at: now)
      now += time
      guard case .wait(let wait)? = machine.take(.failed(error, .reconnect, atLeast: nil), at: now) else { return nil }
      return wait.delay
    }
  }

  @Test func waitsDoubleUpToTheMaximumUntilAStreamWasStable() {
    var failing = machine()
    _ = failing.take(.start, at: .zero)
    #expect(delays(&failing, 6) == [1, 2, 4, 8, 8, 8].map { .seconds($0) })
    var stable = machine()
    _ = stable.take(.start, at: .zero)
    #expect(delays(&stable, 3, openFor: .seconds(60)) == [1, 1, 1].map { .seconds($0) })
    var steady = machine { $0.backsOff = false }
    _ = steady.take(.start, at: .zero)
    #expect(delays(&steady, 3) == [1, 1, 1].map { .seconds($0) })
  }

  @Test func theServersTimeCountsAndIsNeverUndercut() {
    var said = machine()
    _ = said.take(.start, at: .zero)
    _ = said.take(.reconnectionTime(.seconds(20)), at: .zero)
    // Longer than the maximum, which is for backing off.
    #expect(delays(&said, 2) == [20, 20].map { .seconds($0) })
    var jittered = machine { $0.jitter = 0.5 }
    _ = jittered.take(.start, at: .zero)
    for (delay, base) in zip(delays(&jittered, 4), [1, 2, 4, 8]) {
      #expect(delay >= .seconds(base) && delay <= .seconds(Double(base) * 1.5))
    }
    var asked = machine()
    _ = asked.take(.start, at: .zero)
    guard case .wait(let wait)? = asked.take(.failed(error, .reconnect, atLeast: .seconds(90)), at: .zero) else {
      Issue.record("no wait")
      return
    }
    #expect(wait.delay == .seconds(90) && wait.attempt == 2)
    var none = machine { $0.initialReconnectionTime = .zero }
    _ = none.take(.start, at: .zero)
    #expect(delays(&none, 5) == Array(repeating: .zero, count: 5))
  }

  @Test func whatAnErrorSuggestsDependsOnWhetherThereEverWasAStream() {
    var machine = machine { $0.firstConnection = .retries(for: .seconds(10)) }
    _ = machine.take(.start, at: .seconds(100))
    #expect(machine.suggestion(for: error, isFutile: false, at: .seconds(109)) == .reconnect)
    #expect(machine.suggestion(for: error, isFutile: false, at: .seconds(110)) == .stop)
    #expect(machine.suggestion(for: error, isFutile: true, at: .seconds(100)) == .stop)
    _ = machine.take(.accepted, at: .seconds(109))
    #expect(machine.suggestion(for: error, isFutile: false, at: .seconds(1000)) == .reconnect)
    #expect(self.machine(in: .connecting).suggestion(for: error, isFutile: false, at: .zero) == .stop)
    #expect(self.machine(in: .open).suggestion(for: error, isFutile: false, at: .zero) == .reconnect)
  }

  @Test func aResponseIsCompletedByItsEndAndByNothingElse() {
    var machine = machine { $0.mode = .response }
    _ = machine.take(.start, at: .zero)
    _ = machine.take(.accepted, at: .zero)
    #expect(machine.suggestion(for: error, isFutile: false, at: .zero) == .stop)
    #expect(name(machine.take(.failed(error, .stop, atLeast: nil), at: .zero)) == "close")
    var broken = self.machine { $0.mode = .response }
    _ = broken.take(.start, at: .zero)
    _ = broken.take(.accepted, at: .zero)
    #expect(name(broken.take(.failed(SubscriptionError(.transport, "cut"), .stop, atLeast: nil), at: .zero)) == "fail")
  }

  @Test(
    arguments: [
      ("0", 0), ("120", 120), ("99999999999999999999", 86_400), ("Wed, 21 Oct 2015 07:28:10 GMT", 10),
      ("Wed, 21 Oct 2015 07:00:00 GMT", 0), ("soon", nil), ("", nil), ("-5", nil),
    ] as [(String, Int?)])
  func retryAfterIsSecondsOrADate(value: String, seconds: Int?) throws {
    let head = ResponseHead(
      status: 503, headers: [HeaderField("retry-after", value)], url: URL(string: "http://example.org")!)
    let now = Date(timeIntervalSince1970: 1_445_412_480)
    #expect(ResponsePolicy.retryAfter(head, now: now) == seconds.map { .seconds($0) })
  }
}
