/// Removes the chunked coding from received bytes.
struct ReceivedChunks: Sendable {
  private var raw: [UInt8] = []
  private(set) var isComplete = false

  /// The bytes that have not been decoded yet.
  var rest: [UInt8] { raw }

  /// Adds bytes, and returns the data of complete chunks.
  mutating func take(_ bytes: some Collection<UInt8>) -> [UInt8] {
    raw += bytes
    var data: [UInt8] = []
    while !isComplete, let lineEnd = raw.firstRange(of: [13, 10]) {
      guard let size = Int(String(decoding: raw[..<lineEnd.lowerBound], as: UTF8.self), radix: 16),
        raw.count >= lineEnd.upperBound + size + 2
      else { break }
      data += raw[lineEnd.upperBound..<(lineEnd.upperBound + size)]
      raw.removeSubrange(..<(lineEnd.upperBound + size + 2))
      isComplete = size == 0
    }
    return data
  }
}
