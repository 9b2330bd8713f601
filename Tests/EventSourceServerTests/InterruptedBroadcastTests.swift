import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of broadcasts that one run of a lane cannot complete, while readers arrive, leave, stall, or turn out to have
/// disconnected.
@Suite struct InterruptedBroadcastTests {
  /// Covers every remaining allowance of the run, including none, when it reaches the second cohort. The members that
  /// leave then are not those that stay.
  @Test(arguments: 500...524) func aMemberMayLeaveBeforeAnyOfItsCohortWasOffered(others: Int) throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let first = (0..<others).map { _ in stack.connect(handler, channels: ["a"]) }
    stack.run()
    let second = (0..<6).map { _ in stack.connect(handler, channels: ["a", "b"]) }
    stack.run()
    try hub.publish("one", to: "a")
    _ = stack.lane.run(now: stack.clock.now)
    second[0].disconnect()
    second[5].disconnect()
    stack.run()
    let third = stack.connect(handler, channels: ["a", "b"])
    stack.run()
    second[1].disconnect()
    try hub.publish("two", to: "b")
    try hub.publish("three", to: "a")
    stack.run()
    for reader in second[2...4] {
      #expect(["one", "two", "three"].allSatisfy { reader.response.text.contains($0) }, "\(reader.response.text)")
    }
    #expect(third.response.text.contains("three") && !third.response.text.contains("one"))
    for reader in first + second + [third] { reader.disconnect() }
    stack.run()
    #expect(hub.statistics.readers == 0)
  }

  private typealias Reader = (connection: SimulatedStack.Connection, channels: [String])
  private static let sets = [["a"], ["b"], ["a", "b"], ["b", "a"], ["a", "b", "c"], ["c"]]

  @Test(arguments: 0..<3) func everyReaderGetsWhatIsPublishedInOrder(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let hub = EventHub(channels: ["a", "b", "c"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    var readers: [Reader] = []
    var published = 0
    func connect(_ count: Int) {
      let channels = Self.sets.randomElement(using: &random)!
      for _ in 0..<count {
        let room = Int.random(in: 0..<8, using: &random) > 0 ? Int.max : Int.random(in: 0...500, using: &random)
        readers.append((stack.connect(handler, channels: channels, room: room), channels))
      }
    }
    func takeSome() -> ArraySlice<Reader> {
      readers.shuffle(using: &random)
      let some = readers.suffix(Int.random(in: 0...100, using: &random))
      readers.removeLast(some.count)
      return some
    }
    for _ in 0..<6 { connect(600) }
    stack.run()
    for _ in 0..<200 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: connect(Int.random(in: 1...100, using: &random))
      case 1: for reader in takeSome() { reader.connection.disconnect() }
      // The lane has not been notified.
      case 2: for reader in takeSome() { reader.connection.response.isDisconnected = true }
      case 3:
        for reader in readers where Bool.random(using: &random) { reader.connection.read(200) }
      case 4...6:
        published += 1
        try hub.publish("\(published)", to: ["a", "b", "c"].randomElement(using: &random)!)
      default:
        // One run, which may end in the middle of a broadcast.
        stack.clock.advance(to: stack.clock.now + .milliseconds(Int.random(in: 0...50, using: &random)))
        _ = stack.lane.run(now: stack.clock.now)
      }
    }
    for reader in readers { reader.connection.read() }
    stack.run()
    for reader in readers where !reader.connection.isFinished {
      var parser = EventStreamParser()
      var numbers: [Int] = []
      try parser.parse(reader.connection.response.body) {
        if case .event(let event) = $0, let number = Int(event.data) { numbers.append(number) }
      }
      #expect(Set(numbers).count == numbers.count, "an event came twice")
      if reader.channels.count == 1 { #expect(numbers == numbers.sorted()) }
    }
    for reader in readers { reader.connection.disconnect() }
    stack.advance(by: .seconds(60))
    #expect(hub.statistics.readers == 0)
  }
}
