/// Tells encoded events apart: 64 bits, random for each process, so that nobody can choose events that collide.
struct BlockHash: Hashable {
  private let value: Int

  init(_ block: UnsafeRawBufferPointer) {
    var hasher = Hasher()
    hasher.combine(bytes: block)
    value = hasher.finalize()
  }
}
