internal import EventSourceFormat
import EventSourceServer

/// What a check works with.
struct Scene: Sendable {
  let hub: EventHub
  let adapter: any RunningAdapter

  var port: Int { adapter.port }

  func stop(drainingOver window: Duration) async { await adapter.stop(drainingOver: window) }

  /// Begins to stop the adapter.
  func beginStopping(draining window: Duration, canceled: Bool = false) -> Stopping {
    Stopping(adapter, draining: window, canceled: canceled)
  }

  /// Waits for something that another thread does; polls, at most half a minute.
  func wait(for what: String, _ condition: () -> Bool) throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while !condition() {
      try require(clock.now < deadline, "waited half a minute for \(what)")
      pause()
    }
  }

  /// Publishes so many events to a channel; their bytes on the wire.
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
