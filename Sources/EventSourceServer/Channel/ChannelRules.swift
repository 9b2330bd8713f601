/// A channel's configuration in the form that its log and the lanes use. Immutable: a reconfigured channel gets a new
/// object. Channels without a configuration of their own share one.
final class ChannelRules: Sendable {
  let configuration: ChannelConfiguration
  let limits: Retention
  /// The age at which the log's events are evicted, in the hub's nanoseconds.
  let age: Int64?
  let maximumBacklogBytes: UInt64
  /// In the lanes' nanoseconds.
  let maximumLag: Int64?
  /// 0 disables coalescing. `nil` uses the endpoint's window.
  let coalescingWindow: Int64?

  var slowReaders: ChannelConfiguration.SlowReaderPolicy { configuration.slowReaders }
  /// Whether the log tracks the position of each key's newest event.
  var isKeyed: Bool { slowReaders == .newestPerKey }

  init(_ configuration: ChannelConfiguration, hubRetention: Retention) {
    self.configuration = configuration
    limits = configuration.retention ?? hubRetention
    age = limits.maximumAge?.nanoseconds
    maximumBacklogBytes = configuration.maximumBacklogBytes.map { UInt64(max($0, 0)) } ?? .max
    maximumLag = configuration.maximumLag?.nanoseconds
    coalescingWindow = configuration.coalescingWindow?.nanoseconds
  }
}
