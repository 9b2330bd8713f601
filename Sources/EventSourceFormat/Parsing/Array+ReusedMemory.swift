/// The memory for a line, or for data, that does not lie in one piece of what is parsed.
///
/// It is used again and again: new memory of many mebibytes costs more than to parse them. But no more than this is
/// kept for those that do not need it.
extension [UInt8] {
  private static var keptCapacity: Int { 1 << 20 }

  /// Removes what is in it, and gives back the memory if it is much and was hardly needed.
  mutating func emptyAfterUse() {
    removeAll(keepingCapacity: capacity <= Self.keptCapacity || count > capacity / 4)
  }

  /// Gives back the memory if it is much.
  mutating func giveBack() {
    if capacity > Self.keptCapacity { self = [] }
  }
}
