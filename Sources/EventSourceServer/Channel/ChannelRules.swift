/// A channel's configuration as its log and the lanes use it. It never changes: a channel that is reconfigured gets
/// another one. Channels without a configuration of their own share one.
final class ChannelRules: Sendable {
  let configuration: ChannelConfiguration
  let limits: Retention
  /// After so long the log's events are evicted, in the hub's nanoseconds.
  let age: Int64?
  let maximumBacklogBytes: UInt64
  /// In the lanes' nanoseconds.
  let maximumLag: Int64?
  /// 0: events are not coalesced; nil: as the endpoint says.
  let coalescingWindow: Int64?

  var slowReaders: ChannelConfiguration.SlowReaderPolicy { configuration.slowReaders }
  /// The log keeps in mind where the newest event of each key is.
  var isKeyed: Bool { slowReaders == .newestPerKey }

  init(_ configuration: ChannelConfiguration, hubRetention: Retention) {
    self.configuration = configuration
    limits = configuration.log ?? hubRetention
    age = limits.age?.nanoseconds
    maximumBacklogBytes = configuration.maximumBacklogBytes.map { UInt64(max($0, 0)) } ?? .max
    maximumLag = configuration.maximumLag?.nanoseconds
    coalescingWindow = configuration.coalescingWindow?.nanoseconds
  }
}
