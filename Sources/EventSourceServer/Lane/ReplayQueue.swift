/// The subscriptions of a lane that wait for a replay slot. Those of a channel leave in the order in which they came,
/// and the channels take turns.
struct ReplayQueue {
  private var turns = FIFOQueue<ObjectIdentifier>()
  private var waiting: [ObjectIdentifier: FIFOQueue<Subscription>] = [:]

  /// The number of channels for which a subscription waits.
  var channelCount: Int { waiting.count }

  mutating func append(_ subscription: Subscription) {
    takeTurn(subscription)
    waiting[ObjectIdentifier(subscription.channel), default: FIFOQueue()].append(subscription)
  }

  /// Puts back the subscription that was removed last. Its channel has had its turn.
  mutating func prepend(_ subscription: Subscription) {
    takeTurn(subscription)
    waiting[ObjectIdentifier(subscription.channel), default: FIFOQueue()].prepend(subscription)
  }

  /// Removes the first subscription of the channel whose turn it is.
  mutating func popFirst() -> Subscription? {
    guard let key = turns.popFirst() else { return nil }
    // A waiting subscription retains its channel, so the key names no other.
    let subscription = waiting[key]?.popFirst()
    if waiting[key]?.isEmpty == false { turns.append(key) } else { waiting[key] = nil }
    return subscription
  }

  private mutating func takeTurn(_ subscription: Subscription) {
    let key = ObjectIdentifier(subscription.channel)
    if waiting[key] == nil { turns.append(key) }
  }
}
