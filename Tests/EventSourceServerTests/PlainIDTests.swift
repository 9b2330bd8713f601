import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of readers of several channels that return with the ID of one.
@Suite struct PlainIDTests {
  @Test func aGapInAChannelThatTheIDSaysNothingAboutNamesNoEarliestEvent() throws {
    let hub = EventHub(channels: ["a", "b"])
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let id = try hub.publish("1", to: "a")
    try hub.publish("2", to: "a")
    try hub.publish("3", to: "b")
    let reader = stack.connect(
      handler, SimulatedRequest(fields: [HeaderField("Last-Event-ID", id.rawValue)]), channels: ["a", "b"])
    stack.run()
    let text = reader.response.text
    #expect(text.contains(#"{"channel":"b","lastEventID":"\#(id)","earliestAvailable":null}"#), "\(text)")
    #expect(text.contains("data: 2\n") && !text.contains("data: 1\n"))
  }
}
