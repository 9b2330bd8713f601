/// A request that waits until its shared channels are followed. In an object, because few do and every stream has room
/// for it.
final class FollowWait {
  let plan: StreamPlan
  let grant: ChannelGrant
  /// All shared channels of the request, which stay followed while it waits.
  let channels: [EventChannel]
  /// When it is refused.
  let end: Int64
  /// The position in the lane's revocation log when it was granted.
  let revocations: Int

  /// It has given back what it had.
  var isOver = false

  init(_ plan: StreamPlan, _ grant: ChannelGrant, for channels: [EventChannel], until end: Int64, revocations: Int) {
    self.plan = plan
    self.grant = grant
    self.channels = channels
    self.end = end
    self.revocations = revocations
  }
}
