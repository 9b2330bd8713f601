/// Decides before which block the compressor forgets what was before, so that waiting readers can follow. Pure.
///
/// A key frame costs every reader that follows some hundred bytes, because the compressor must learn again. Waiting
/// costs the readers that wait: they are sent stored blocks. A key frame comes when the waiting has cost as much as it
/// would. So it comes at once if nobody follows, early if many wait, late if few do, and never if all follow.
struct KeyFrameSchedule {
  /// The approximate cost of a key frame to one reader, in bytes.
  private static let cost = 512
  /// The maximum content between two key frames if any reader waits. A larger block begins with one.
  static let interval = 64 << 10

  private var bytesSinceKeyFrame = 0
  /// The stored bytes since the last key frame, of all waiting readers together.
  private var storedBytes = 0

  /// Returns whether a block of `count` bytes begins with a key frame, for these numbers of readers. Call it once for
  /// every block.
  mutating func isDue(count: Int, following: Int, waiting: Int) -> Bool {
    bytesSinceKeyFrame += count
    storedBytes += waiting * count
    let isDue =
      following == 0
      || waiting > 0
        && (bytesSinceKeyFrame > Self.interval || storedBytes >= (following + waiting) * Self.cost)
    if isDue { keyFrameCame(count: count) }
    return isDue
  }

  /// Starts to count again: a block of `count` bytes began with a key frame.
  mutating func keyFrameCame(count: Int) {
    bytesSinceKeyFrame = count
    storedBytes = 0
  }
}
