/// A place in the one order of a shared channel: an epoch, and the number of an event in it.
///
/// Within an epoch numbers are contiguous, so a hole is found by arithmetic. The store begins a new epoch, which is
/// larger than every earlier one of the channel, when it cannot be sure that the numbers which it has given are still
/// in its history; so a position names one event for ever.
public struct SharedPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Before the first event of any channel. No event has this position.
  public static let beginning = SharedPosition(epoch: 0, number: 0)

  /// The epoch. Of an event, at least 1.
  public var epoch: UInt64
  /// The number in the epoch.
  public var number: UInt64

  /// Creates a position.
  public init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// The position after this one in the same epoch; nil: there is none.
  public var next: SharedPosition? {
    number < .max ? SharedPosition(epoch: epoch, number: number + 1) : nil
  }

  /// The epoch and the number, as in `1700000000000000-17`.
  public var description: String { "\(epoch)-\(number)" }

  /// Returns whether one position comes before another, also if they are of different epochs.
  public static func < (left: SharedPosition, right: SharedPosition) -> Bool {
    (left.epoch, left.number) < (right.epoch, right.number)
  }
}
