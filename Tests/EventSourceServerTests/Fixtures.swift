import EventSourceServer

extension EventHub.Configuration {
  /// Repeatable, but for the IDs.
  static var test: Self { test() }

  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.epoch = "test"
    configuration.seed = 1
    change(&configuration)
    return configuration
  }
}

extension EventHub {
  /// The ID that the hub generates for a number, in the channel that was the first to be opened, or a later one.
  func id(_ number: Int, channel: Int = 1) -> String { "\(epoch)\(channel)-\(number)" }
}

extension EventStreamHandler.Configuration {
  static func with(_ change: (inout Self) -> Void) -> Self {
    var configuration = Self()
    change(&configuration)
    return configuration
  }
}
