/// A request that waits until its shared channels are followed. A class, because every stream reserves space for it and
/// few wait.
final class FollowWait {
  let plan: StreamPlan
  let grant: ChannelGrant
  /// All shared channels of the request. They stay followed while it waits.
  let channels: [EventChannel]
  /// The time at which the request is rejected.
  let end: Int64
  /// The position in the lane's revocation log when the grant was issued.
  let revocations: Int

  /// Whether the wait has ended and its resources were released.
  var isOver = false

  init(_ plan: StreamPlan, _ grant: ChannelGrant, for channels: [EventChannel], until end: Int64, revocations: Int) {
    self.plan = plan
    self.grant = grant
    self.channels = channels
    self.end = end
    self.revocations = revocations
  }
}
