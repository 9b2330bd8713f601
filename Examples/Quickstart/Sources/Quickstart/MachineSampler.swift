import EventSourceFormat
import Glibc

/// This machine's figures, from /proc. Rates cover the time since the previous sample, at first since the sampler was
/// created.
struct MachineSampler {
  private var cpu = Self.cpuTimes()
  private var network = Self.networkBytes()
  private var sampled = ContinuousClock.now

  mutating func sample() -> ServerSentEvent {
    let now = ContinuousClock.now
    let seconds = max((now - sampled) / .seconds(1), 0.001)
    let (cpu, network) = (Self.cpuTimes(), Self.networkBytes())
    let total = cpu.total - self.cpu.total
    let busy = total > 0 ? 100 * (cpu.busy - self.cpu.busy) / total : 0
    let memory = Self.memory()
    let figures: [(String, Double)] = [
      ("time", Self.milliseconds()),
      ("cpu", busy), ("memory", memory.used), ("memoryTotal", memory.total), ("load", Self.load()),
      ("received", max(0, network.received - self.network.received) / seconds),
      ("sent", max(0, network.sent - self.network.sent) / seconds),
    ]
    (self.cpu, self.network, sampled) = (cpu, network, now)
    let members = figures.map { "\"\($0.0)\":\(($0.1 * 100).rounded() / 100)" }
    return ServerSentEvent(data: "{" + members.joined(separator: ",") + "}")
  }

  /// Returns the milliseconds since 1970.
  private static func milliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec / 1_000_000)
  }

  /// Returns the clock ticks since the machine was started.
  private static func cpuTimes() -> (busy: Double, total: Double) {
    let fields = numbers(lines("/proc/stat").first ?? "")
    let idle = fields.dropFirst(3).prefix(2).reduce(0, +)
    let total = fields.prefix(8).reduce(0, +)
    return (total - idle, total)
  }

  /// Returns the memory in mebibytes.
  private static func memory() -> (used: Double, total: Double) {
    var values: [Substring: Double] = [:]
    for line in lines("/proc/meminfo") {
      let parts = line.split(separator: ":")
      if parts.count == 2 { values[parts[0]] = (numbers(parts[1]).first ?? 0) / 1024 }
    }
    let total = values["MemTotal"] ?? 0
    return (total - (values["MemAvailable"] ?? total), total)
  }

  private static func load() -> Double { numbers(lines("/proc/loadavg").first ?? "").first ?? 0 }

  /// Returns the bytes since the machine was started, over all interfaces with a device. Bridges and tunnels would
  /// count the same bytes again. Without such an interface, as in a container, counts all except the loopback.
  private static func networkBytes() -> (received: Double, sent: Double) {
    let interfaces = lines("/proc/net/dev").dropFirst(2).compactMap { line -> (name: String, fields: [Double])? in
      let parts = line.split(separator: ":")
      let fields = numbers(parts.last ?? "")
      return fields.count > 8 ? (parts[0].filter { $0 != " " }, fields) : nil
    }
    let devices = interfaces.filter { access("/sys/class/net/\($0.name)/device", F_OK) == 0 }
    let counted = devices.isEmpty ? interfaces.filter { $0.name != "lo" } : devices
    return (counted.reduce(0) { $0 + $1.fields[0] }, counted.reduce(0) { $0 + $1.fields[8] })
  }

  private static func numbers(_ line: Substring) -> [Double] { line.split(separator: " ").compactMap { Double($0) } }

  private static func lines(_ path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { memory, count in
      count = fread(memory.baseAddress, 1, memory.count, file)
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
