import EventSourceFormat
import Glibc

/// Decodes a file with the public parser, whole and in chunks of 16 KB, and prints the best of several runs. Then
/// prints the time for creating as many strings of as many bytes of the file, which no parser can avoid.
@main
struct BenchParse {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 2, let file = fopen(arguments[1], "rb") else {
      let usage = "usage: bench-parse FILE [RUNS], with a FILE that can be read\n"
      _ = write(STDERR_FILENO, usage, usage.utf8.count)
      exit(64)
    }
    let runs = arguments.count > 2 ? Int(arguments[2]) ?? 5 : 5
    fseek(file, 0, SEEK_END)
    let size = ftell(file)
    rewind(file)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { memory, count in
      count = fread(memory.baseAddress, 1, size, file)
    }
    fclose(file)
    try measure("whole", bytes, chunk: max(bytes.count, 1), runs: runs)
    try measure("16 KB chunks", bytes, chunk: 16 << 10, runs: runs)
    try measureStrings(bytes, runs: runs)
  }

  /// The output of a decoder.
  struct Tally {
    private(set) var events = 0
    private(set) var dataBytes = 0

    @inline(__always)
    mutating func take(_ data: String) {
      events += 1
      dataBytes += data.utf8.count
    }
  }

  static func measure(_ name: String, _ bytes: [UInt8], chunk: Int, runs: Int) throws {
    try measure(name, bytes, runs: runs) { bytes, tally in
      var parser = EventStreamParser()
      var position = 0
      while position < bytes.count {
        let end = min(position + chunk, bytes.count)
        try parser.parse(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) { element in
          if case .event(let event) = element { tally.take(event.data) }
        }
        position = end
      }
    }
  }

  static func measureStrings(_ bytes: [UInt8], runs: Int) throws {
    var counts: [Int] = []
    var parser = EventStreamParser()
    try parser.parse(bytes) { if case .event(let event) = $0 { counts.append(event.data.utf8.count) } }
    let between = (bytes.count - counts.reduce(0, +)) / max(counts.count, 1)
    try measure("strings alone", bytes, runs: runs) { bytes, tally in
      var position = 0
      for count in counts {
        let part = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
        tally.take(String(decoding: part, as: UTF8.self))
        position += count + between
      }
    }
  }

  private static func measure(
    _ name: String, _ bytes: [UInt8], runs: Int, _ decode: (UnsafeRawBufferPointer, inout Tally) throws -> Void
  ) throws {
    var best = Double.infinity
    var tally = Tally()
    for _ in 0..<max(1, runs) {
      tally = Tally()
      let start = now()
      try bytes.withUnsafeBytes { try decode($0, &tally) }
      best = min(best, now() - start)
    }
    let rates = "\(Int(Double(tally.events) / best)) events/s \(Int(Double(bytes.count) / best / 1e6)) MB/s"
    print("bench-parse \(name): \(tally.events) events \(tally.dataBytes) data bytes: \(rates) (best of \(runs))")
  }

  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
