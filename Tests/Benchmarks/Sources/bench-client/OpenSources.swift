import EventSourceClient
import Foundation
import Glibc

/// Many open, idle sources in one process.
struct OpenSources {
  /// The number of sources that connect at the same time.
  private static let most = 100

  private let url: URL

  init(_ url: URL) { self.url = url }

  /// Opens this many sources, prints their cost, and ends the program.
  func open(_ count: Int) async throws {
    // Creates what is needed once, whatever the number of sources.
    try await open(1, untilTold: 1)
    let before = Self.residentBytes()
    let (start, startCPU) = (Self.now(CLOCK_MONOTONIC), Self.now(CLOCK_PROCESS_CPUTIME_ID))
    try await open(count, untilTold: count)
    let seconds = Self.now(CLOCK_MONOTONIC) - start
    let cpu = Self.now(CLOCK_PROCESS_CPUTIME_ID) - startCPU
    let kib = Double(Self.residentBytes() - before) / Double(count) / 1024
    BenchClient.say("{\"sources\": \(count), \"kib\": \(kib), \"seconds\": \(seconds), \"cpu\": \(cpu)}")
    exit(0)
  }

  private func open(_ count: Int, untilTold told: Int) async throws {
    let (opened, isOpen) = AsyncStream<Bool>.makeStream()
    var (started, finished) = (0, 0)
    var ends = opened.makeAsyncIterator()
    while finished < told {
      while started < count, started - finished < Self.most {
        started += 1
        Task { [url] in
          do {
            for try await element in EventSource(url).elements { if case .opened = element { isOpen.yield(true) } }
          } catch {
            isOpen.yield(false)
          }
        }
      }
      guard await ends.next() == true else { throw URLError(.cannotConnectToHost) }
      finished += 1
    }
  }

  private static func residentBytes() -> Int {
    let words = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  private static func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
