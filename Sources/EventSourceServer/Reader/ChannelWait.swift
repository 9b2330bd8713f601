/// A request that waits for a channel to be opened. A class, because every stream reserves space for it and few wait.
final class ChannelWait {
  let plan: StreamPlan
  /// The channel's own name, and the requested one.
  let channel: ChannelName
  let requested: ChannelName

  init(_ plan: StreamPlan, for channel: ChannelName, requestedAs requested: ChannelName) {
    self.plan = plan
    self.channel = channel
    self.requested = requested
  }
}
