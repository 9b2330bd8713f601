import BenchSupport
import CEvhttp
import Glibc
import Synchronization

/// Measures how late a timer of the program fires on an event base, because of the base's other work. It runs until the
/// process ends.
final class LoopTimer: Sendable {
  private struct State {
    var last: Int64?
    var lateness = Histogram()
  }

  private static let microseconds = 10_000
  private let state = Mutex(State())

  func start(on base: OpaquePointer) {
    let timer = event_new(
      base, -1, Int16(EV_PERSIST),
      { _, _, argument in Unmanaged<LoopTimer>.fromOpaque(argument!).takeUnretainedValue().tick() },
      Unmanaged.passUnretained(self).toOpaque())
    guard let timer, bench_add_every(timer, Int32(Self.microseconds)) == 0 else {
      fatalError("bench-server: event_add")
    }
  }

  /// Discards the measurements so far.
  func reset() { state.withLock { $0 = State() } }

  var lateness: Histogram { state.withLock { $0.lateness } }

  private func tick() {
    let now = nanoseconds(CLOCK_MONOTONIC)
    state.withLock { state in
      if let last = state.last { state.lateness.add(UInt64(max(now - last - Int64(Self.microseconds) * 1000, 0))) }
      state.last = now
    }
  }
}
