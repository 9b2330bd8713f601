/// A 64-bit hash of an encoded event, seeded per process, so that a peer cannot construct collisions.
struct BlockHash: Hashable {
  private let value: Int

  init(_ block: UnsafeRawBufferPointer) {
    var hasher = Hasher()
    hasher.combine(bytes: block)
    value = hasher.finalize()
  }
}
