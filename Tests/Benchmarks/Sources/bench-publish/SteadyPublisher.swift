import BenchSupport
import EventSourceFormat
import EventSourceServer
import Glibc
import Synchronization

/// A thread that continuously publishes small events, about 20,000 per second, and measures each call.
final class SteadyPublisher: Sendable {
  struct Times: Sendable {
    var all = Histogram()
    /// The calls during which the system did not preempt the thread.
    var undisturbed = Histogram()
  }

  private let hub: EventHub
  private let channels: [ChannelName]
  private let times = Mutex(Times())
  private let number: Atomic<Int>
  private let isStopped = Atomic(false)

  /// The ID of the newest event, which is a number.
  var newest: Int { number.load(ordering: .acquiring) }

  init(_ hub: EventHub, to channels: [ChannelName], after newest: Int) {
    self.hub = hub
    self.channels = channels
    number = Atomic(newest)
    startThread { self.run() }
  }

  /// Stops publishing and returns the measured times.
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

  /// The number of times that the system preempted this thread.
  private static var preemptions: Int {
    var usage = rusage()
    // RUSAGE_THREAD, which is missing in the Glibc module.
    getrusage(__rusage_who_t(1), &usage)
    return usage.ru_nivcsw
  }
}

/// The data of a small event.
let text = String(repeating: "x", count: 100)
