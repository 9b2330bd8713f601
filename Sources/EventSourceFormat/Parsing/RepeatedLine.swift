/// A line of at most 15 bytes that is expected to repeat. It is compared together with its LF in one step.
struct RepeatedLine: Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0
  private var lowMask: UInt64 = 0
  private var highMask: UInt64 = 0
  let count: Int

  /// Creates a line that never matches.
  init() {
    // A bit outside of the mask differs from all input.
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

  /// Returns whether 16 bytes, in two words like those of ``ShortBytes``, begin with the line and its LF.
  @inline(__always)
  func isNext(in words: (low: UInt64, high: UInt64)) -> Bool {
    words.low & lowMask == low && words.high & highMask == high
  }
}
