import EventSourceClient
import EventSourceFormat
import Foundation
import Glibc

/// Reads a stream's events after the one with the ID 1 in a counting loop, and prints the rate.
///
///     bench-client URL EVENTS [--raw]
///     bench-client URL --open SOURCES
///
/// `--raw` reads from a socket with only the parser. `--open` opens the given number of sources, and prints the memory
/// that each takes.
@main struct BenchClient {
  static func main() async throws {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[2] == "--open", let url = URL(string: arguments[1]),
      let count = Int(arguments[3])
    {
      return try await OpenSources(url).open(count)
    }
    guard arguments.count >= 3, let url = URL(string: arguments[1]), let events = Int(arguments[2]) else {
      try FileHandle.standardError.write(
        contentsOf: Data("usage: bench-client URL EVENTS [--raw]\n       bench-client URL --open SOURCES\n".utf8))
      exit(64)
    }
    var stopwatch = Stopwatch()
    if arguments.dropFirst(3).first == "--raw" {
      try readSocket(url, events, &stopwatch)
    } else {
      try await readSource(url, events, &stopwatch)
    }
    say("{\"events\": \(stopwatch.count), \"seconds\": \(stopwatch.seconds), \"cpu\": \(stopwatch.cpu)}")
  }

  /// From the first event to the last.
  struct Stopwatch {
    private(set) var count = 0
    private var bytes = 0
    private var start = 0.0
    private(set) var seconds = 0.0
    private var startCPU = 0.0
    private(set) var cpu = 0.0

    mutating func take(_ data: String) -> Int {
      if count == 0 { (start, startCPU) = (now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)) }
      count += 1
      bytes += data.utf8.count
      return count
    }

    mutating func stop() {
      (seconds, cpu) = (now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - startCPU)
    }

    private func now(_ clock: clockid_t) -> Double {
      var time = timespec()
      clock_gettime(clock, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
  }

  static func say(_ line: String) { try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8)) }

  static func readSource(_ url: URL, _ events: Int, _ stopwatch: inout Stopwatch) async throws {
    var configuration = EventSource.Configuration()
    configuration.lastEventID = "1"
    let source = EventSource(url, configuration: configuration)
    for try await element in source.elements {
      switch element {
      case .event(let message): if stopwatch.take(message.data) == events { return stopwatch.stop() }
      case .reconnecting(let reconnection): throw reconnection.error ?? SubscriptionError(.transport, "restarted")
      case .opened, .comment, .gap, .closed: break
      }
    }
  }

  /// The minimum that a client with this parser can do: consecutive blocking reads, with hardly any parsing of the
  /// head.
  static func readSocket(_ url: URL, _ events: Int, _ stopwatch: inout Stopwatch) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(url.port ?? 80).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 }
    }
    // HTTP/1.0, so that the body is not chunked.
    let request = "GET \(url.path) HTTP/1.0\r\nLast-Event-ID: 1\r\n\r\n"
    guard isConnected, send(descriptor, request, request.utf8.count, 0) == request.utf8.count else {
      throw URLError(.cannotConnectToHost)
    }
    var parser = EventStreamParser()
    var isHead = true
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
    defer { memory.deallocate() }
    while stopwatch.count < events {
      let count = recv(descriptor, memory.baseAddress, memory.count, 0)
      guard count > 0 else { throw URLError(.networkConnectionLost) }
      var bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
      if isHead {
        guard let end = Data(bytes).range(of: Data("\r\n\r\n".utf8)) else { continue }
        bytes = UnsafeRawBufferPointer(rebasing: bytes[end.upperBound...])
        isHead = false
      }
      try parser.parse(bytes) { element in
        if case .event(let event) = element { _ = stopwatch.take(event.data) }
      }
    }
    stopwatch.stop()
  }
}
