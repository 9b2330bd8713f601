/// A line of at most 15 bytes that is expected again: with its LF it is compared at once.
struct RepeatedLine: Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0
  private var lowMask: UInt64 = 0
  private var highMask: UInt64 = 0
  let count: Int

  /// None, which is never next.
  init() {
    // A bit outside of the mask differs from everything.
    low = 1
    count = 0
  }

  init(_ line: ShortBytes) {
    count = line.count
    let lf = UInt64(UInt8(ascii: "\n"))
    if count < 8 {
      low = line.low | lf &<< UInt64(8 * count)
      lowMask = count == 7 ? .max : 1 &<< UInt64(8 * (count + 1)) &- 1
    } else {
      low = line.low
      lowMask = .max
      high = line.high | lf &<< UInt64(8 * (count - 8))
      highMask = count == 15 ? .max : 1 &<< UInt64(8 * (count - 7)) &- 1
    }
  }

  /// Whether 16 bytes, in two words as ``ShortBytes`` has them, begin with the line and its end.
  @inline(__always)
  func isNext(in words: (low: UInt64, high: UInt64)) -> Bool {
    words.low & lowMask == low && words.high & highMask == high
  }
}
