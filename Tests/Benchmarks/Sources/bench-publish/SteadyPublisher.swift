import BenchSupport
import EventSourceFormat
import EventSourceServer
import Glibc
import Synchronization

/// A thread that publishes small events without end, some 20,000 a second, and measures each call.
final class SteadyPublisher: Sendable {
  struct Times: Sendable {
    var all = Histogram()
    /// Of those calls in which the thread was not made to wait for a processor by the system.
    var undisturbed = Histogram()
  }

  private let hub: EventHub
  private let channels: [ChannelName]
  private let times = Mutex(Times())
  private let number: Atomic<Int>
  private let isStopped = Atomic(false)

  /// The number that is the ID of the newest event.
  var newest: Int { number.load(ordering: .acquiring) }

  init(_ hub: EventHub, to channels: [ChannelName], after newest: Int) {
    self.hub = hub
    self.channels = channels
    number = Atomic(newest)
    startThread { self.run() }
  }

  /// Publishes no more; what was measured.
  func stop() -> Times {
    isStopped.store(true, ordering: .relaxed)
    return times.withLock { $0 }
  }

  private func run() {
    var index = 0
    while !isStopped.load(ordering: .relaxed) {
      pause(.microseconds(50))
      index += 1
      let event = ServerSentEvent(data: text, id: EventID(stringLiteral: "\(newest + 1)"))
      let (preemptions, start) = (Self.preemptions, nanoseconds(CLOCK_MONOTONIC))
      do {
        try hub.publish(event, to: channels[index % channels.count])
      } catch {
        fatalError("bench-publish: \(error)")
      }
      let time = UInt64(nanoseconds(CLOCK_MONOTONIC) - start)
      let isDisturbed = Self.preemptions > preemptions
      number.add(1, ordering: .releasing)
      times.withLock { times in
        times.all.add(time)
        if !isDisturbed { times.undisturbed.add(time) }
      }
    }
  }

  /// How often this thread had to give its processor to another.
  private static var preemptions: Int {
    var usage = rusage()
    // RUSAGE_THREAD, which Glibc's module does not have.
    getrusage(__rusage_who_t(1), &usage)
    return usage.ru_nivcsw
  }
}

/// What a small event has.
let text = String(repeating: "x", count: 100)
