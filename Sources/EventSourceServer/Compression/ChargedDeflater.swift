/// A deflater whose memory is charged to the hub. Belongs to a lane's thread.
final class ChargedDeflater {
  private let deflater: any EventStreamDeflater
  private let byteCount: Int
  private let budget: MemoryBudget
  private var output: [UInt8] = []

  /// Returns `nil` if the hub's compressors may not occupy more memory, or there is none.
  init?(_ compressor: any EventStreamCompressor, _ budget: MemoryBudget) {
    let byteCount = max(0, compressor.bytesPerDeflater)
    guard budget.chargeCompressor(byteCount) else { return nil }
    guard let deflater = compressor.makeDeflater() else {
      budget.refundCompressor(byteCount)
      return nil
    }
    self.deflater = deflater
    self.byteCount = byteCount
    self.budget = budget
  }

  deinit { budget.refundCompressor(byteCount) }

  func reset() { deflater.reset() }

  /// Returns compressed content behind a header of `headerCount` bytes, which `writeHeader` writes. Returns `nil` if
  /// the deflater fails.
  func deflate(
    _ bytes: UnsafeRawBufferPointer, headerCount: Int = 0,
    writeHeader: (UnsafeMutableRawBufferPointer) -> Void = { _ in }
  ) -> EventStreamBytes? {
    output.removeAll(keepingCapacity: true)
    guard deflater.deflate(bytes, into: &output), !output.isEmpty else { return nil }
    defer { if output.capacity > KeyFrameSchedule.interval { output = [] } }
    return LogSegment.standalone(byteCount: headerCount + output.count, budget: budget) { memory in
      writeHeader(memory)
      UnsafeMutableRawBufferPointer(rebasing: memory[headerCount...]).copyBytes(from: output)
    }
  }
}
