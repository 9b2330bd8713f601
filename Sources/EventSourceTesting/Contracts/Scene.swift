internal import EventSourceFormat
import EventSourceServer

/// The context of a check: the hub and the running adapter.
struct Scene: Sendable {
  let hub: EventHub
  let adapter: any RunningAdapter

  var port: Int { adapter.port }

  func stop(drainingOver window: Duration) async { await adapter.stop(drainingOver: window) }

  /// Starts to stop the adapter.
  func beginStopping(draining window: Duration, canceled: Bool = false) -> Stopping {
    Stopping(adapter, drainingOver: window, canceled: canceled)
  }

  /// Waits for a condition that another thread fulfils. Polls, for at most 30 seconds.
  func wait(for what: String, _ condition: () -> Bool) throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while !condition() {
      try require(clock.now < deadline, "waited 30 seconds for \(what)")
      pause()
    }
  }

  /// Publishes `count` events to a channel. Returns their bytes on the wire.
  func publish(_ count: Int, dataBytes: Int = 20, to channel: ChannelName = "a") throws -> [UInt8] {
    var expected: [UInt8] = []
    for number in 0..<count {
      let data = String(repeating: Character(UnicodeScalar(UInt8(97 + number % 26))), count: dataBytes)
      let id = try hub.publish(data, to: channel)
      expected += "data: \(data)\nid: \(id.rawValue)\n\n".utf8
    }
    return expected
  }
}
