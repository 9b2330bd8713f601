/// The memory for a line or for data that is split over several chunks.
///
/// The memory is reused, because allocating many mebibytes costs more than parsing them. Streams that do not need more
/// keep at most `keptCapacity`.
extension [UInt8] {
  private static var keptCapacity: Int { 1 << 20 }

  /// Removes all elements. Releases the memory if it is large and mostly unused.
  mutating func emptyAfterUse() {
    removeAll(keepingCapacity: capacity <= Self.keptCapacity || count > capacity / 4)
  }

  /// Releases the memory if it is large.
  mutating func giveBack() {
    if capacity > Self.keptCapacity { self = [] }
  }
}
