internal import CZlib
public import EventSourceServer

/// Compresses event streams by the system's zlib.
///
/// ```swift
/// var configuration = EventStreamHandler.Configuration()
/// configuration.compression = EventStreamCompression(ZlibCompressor())
/// ```
public struct ZlibCompressor: EventStreamCompressor, Hashable {
  /// The compression level, 1 (fastest) to 9 (smallest).
  public let level: Int
  /// The binary logarithm of the number of bytes that can be referred to, 9 to 15.
  public let windowBits: Int
  /// The memory for finding repetitions, 1 to 9: each step doubles it.
  public let memoryLevel: Int

  /// Creates a compressor with the default settings.
  public init() {
    level = 6
    windowBits = 15
    memoryLevel = 8
  }

  /// Creates a compressor. Throws if a value is out of range.
  ///
  /// - Parameters:
  ///   - level: 1 (fastest) to 9 (smallest).
  ///   - windowBits: The binary logarithm of the window, 9 to 15. Smaller values use less memory.
  ///   - memoryLevel: 1 to 9. Smaller values use less memory and more time.
  public init(level: Int, windowBits: Int = 15, memoryLevel: Int = 8) throws(ConfigurationError) {
    try ConfigurationError.require((1...9).contains(level), "level", "1 to 9", level)
    try ConfigurationError.require((9...15).contains(windowBits), "windowBits", "9 to 15", windowBits)
    try ConfigurationError.require((1...9).contains(memoryLevel), "memoryLevel", "1 to 9", memoryLevel)
    self.level = level
    self.windowBits = windowBits
    self.memoryLevel = memoryLevel
  }

  /// The memory of a deflater, as zlib's documentation states it: 262 KiB with the default settings.
  public var bytesPerDeflater: Int { 1 << (windowBits + 2) + 1 << (memoryLevel + 9) + 6 << 10 }

  /// Makes a deflater, or returns `nil` if there is no memory.
  public func makeDeflater() -> (any EventStreamDeflater)? { ZlibDeflater(self) }
}
