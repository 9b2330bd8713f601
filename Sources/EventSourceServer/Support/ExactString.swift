internal import EventSourceFormat

/// A string that equals another only if their bytes are the same. `String` compares by canonical equivalence, by which
/// two callers, or two IDs, could be taken for one.
struct ExactString: Hashable, Sendable {
  let value: String

  init(_ value: String) { self.value = value }

  static func == (left: ExactString, right: ExactString) -> Bool {
    left.value.hasSameBytes(as: right.value)
  }

  func hash(into hasher: inout Hasher) {
    value.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
