import EventSourceServer

extension EventHub.Configuration {
  /// Repeatable: a fixed epoch and seed.
  static var test: Self { test() }

  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.epoch = "test"
    configuration.seed = 1
    change(&configuration)
    return configuration
  }
}

extension EventStreamHandler.Configuration {
  static func with(_ change: (inout Self) -> Void) -> Self {
    var configuration = Self()
    change(&configuration)
    return configuration
  }
}
