internal import EventSourceFormat

/// A segment's index entry for a block's event ID.
struct EntryID: Equatable {
  private let value: UInt32

  /// The block is a comment.
  static let none = EntryID(value: 0)
  /// The hub generated the ID from the block's number, so it is found by counting.
  static let generated = EntryID(value: 1)

  /// The hash of an application ID, seeded per process, so that a peer cannot construct collisions.
  init(own id: String) {
    self = id.withBytes { EntryID(own: $0) }
  }

  init(own id: UnsafeBufferPointer<UInt8>) {
    // Words are multiplied by secret numbers. The standard library's hasher would take as long as everything else that
    // publishing does with an ID.
    let bytes = UnsafeRawBufferPointer(id)
    var hash = Self.start ^ UInt64(bytes.count)
    var index = 0
    while index + 8 <= bytes.count {
      hash = Self.mix(hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    }
    var rest: UInt64 = 0
    while index < bytes.count {
      rest = rest << 8 | UInt64(bytes[index])
      index += 1
    }
    hash = Self.mix(Self.mix(hash ^ rest))
    value = max(UInt32(truncatingIfNeeded: hash), 2)
  }

  private static let start = UInt64.random(in: 0 ... .max)
  private static let factor = UInt64.random(in: 0 ... .max) | 1

  /// Returns both halves of the product combined, so that every bit depends on all input bits.
  private static func mix(_ word: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }

  private init(value: UInt32) { self.value = value }

  var isOwn: Bool { value > 1 }

  /// The first slot to probe in a table with `count` slots, a power of two.
  func slot(of count: Int) -> Int { Int(value) & (count - 1) }
}
