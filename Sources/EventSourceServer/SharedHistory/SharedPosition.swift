/// A position in the order of a shared channel: an epoch and the number of an event in it.
///
/// Within an epoch, numbers are contiguous, so a hole is found by arithmetic. The store begins a new epoch when it
/// cannot be sure that the numbers it has assigned are still in its history. The new epoch is larger than every earlier
/// one of the channel, so a position never names two events.
public struct SharedPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The position before the first event of any channel. No event has this position.
  public static let beginning = SharedPosition(epoch: 0, number: 0)

  /// The epoch, at least 1 for an event.
  public var epoch: UInt64
  /// The number in the epoch.
  public var number: UInt64

  /// Creates a position.
  public init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// The next position in the same epoch, or `nil` if there is none.
  public var next: SharedPosition? {
    number < .max ? SharedPosition(epoch: epoch, number: number + 1) : nil
  }

  /// The epoch and the number, such as `1700000000000000-17`.
  public var description: String { "\(epoch)-\(number)" }

  /// Returns whether one position precedes another, across epochs as well.
  public static func < (left: SharedPosition, right: SharedPosition) -> Bool {
    (left.epoch, left.number) < (right.epoch, right.number)
  }
}
