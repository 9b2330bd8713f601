import EventSourceFormat
import Testing

@testable import EventSourceServer

/// Tests of the messages between processes that share the history of their runs, and of what they say about a process.
@Suite struct RunMessageTests {
  @Test(arguments: [
    RunMessage.ask(["a", "b-1"]), .lives(["a"]), .lives([]), .stop("a", .requested(by: nil)), .stop("a", .deadline),
    .stop("a", .requested(by: "Eve with  spaces")),
  ]) func everyMessageIsReadAsItWasWritten(_ message: RunMessage) {
    #expect(RunMessage(message.event) == message)
  }

  @Test(arguments: [
    "", " ", "ask", "stop", "stop a", "stop a why", "stop  ", "nonsense a b", "asks a", "\u{FEFF}ask a", "ask  a",
    "stop a requested \u{0} \u{7F}", "lives\ta",
  ]) func noTextIsAProblem(_ text: String) {
    switch RunMessage(ServerSentEvent(data: text, type: RunMessage.type)) {
    case .ask(let ids), .lives(let ids): #expect(!ids.contains(""))
    case .stop(let id, _): #expect(id == "a")
    case nil: break
    }
    #expect(RunMessage(ServerSentEvent(data: "ask a")) == nil)
  }

  @Test func anIdentityIsOneLine() {
    let event = RunMessage.stop("a", .requested(by: "Eve\r\nMallory\u{0}")).event
    #expect(event.data == "stop a requested Eve  Mallory ")
  }

  @Test func manyRunsAreSeveralMessages() {
    let ids = (0..<250).map { "\($0)" }
    let messages = RunMessage.all(ids, RunMessage.ask)
    #expect(messages.count == 3 && messages.last == .ask(Array(ids[200...])))
    #expect(RunMessage.all([], RunMessage.ask).isEmpty)
  }

  @Test func onlyUnansweredQuestionsThatArrivedCount() {
    var liveness = RunLiveness()
    #expect(liveness.intervalEnds(limit: 2) == .lives)
    // None of its own questions arrives here: this process is cut off.
    for _ in 0..<10 { #expect(liveness.intervalEnds(limit: 2) == .ask) }
    liveness.seesQuestion()
    liveness.seesQuestion()
    #expect(liveness.intervalEnds(limit: 2) == .ask)
    liveness.seesQuestion()
    #expect(liveness.intervalEnds(limit: 2) == .ended)
    #expect(liveness.intervalEnds(limit: 2) == .ended)
    liveness.seesSign()
    #expect(liveness.intervalEnds(limit: 2) == .lives)
    #expect(liveness.intervalEnds(limit: 2) == .ask)
  }
}
