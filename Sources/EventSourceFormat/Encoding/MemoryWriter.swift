/// Writes bytes sequentially into memory. Every write is checked against the end of the memory.
struct MemoryWriter {
  private let memory: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  mutating func write(_ text: StaticString) {
    write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count <= memory.count - count, "the memory has less room than the event has bytes")
    UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
    count += bytes.count
  }

  mutating func writeLine(_ prefix: StaticString, _ text: String) {
    write(prefix)
    text.withBytes { write(UnsafeRawBufferPointer($0)) }
    write("\n")
  }

  mutating func write(decimal number: UInt64) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = digits.count
      var rest = number
      repeat {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
    }
  }
}
