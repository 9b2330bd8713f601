/// A request that waits for a channel to be opened. In an object, because few do and every stream has room for it.
final class ChannelWait {
  let plan: StreamPlan
  /// The channel's own name, and the one that the request asked for.
  let channel: ChannelName
  let requested: ChannelName

  init(_ plan: StreamPlan, for channel: ChannelName, requestedAs requested: ChannelName) {
    self.plan = plan
    self.channel = channel
    self.requested = requested
  }
}
