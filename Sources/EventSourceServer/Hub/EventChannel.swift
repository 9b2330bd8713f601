import Synchronization

internal import EventSourceFormat

/// A feed: its log, who reads it in which lane, and the history registered for it.
///
/// One lock guards it all. It is held for the copying of one event, or for a look-up; never while foreign code runs.
/// Lock order: this lock, then a lane mailbox's or the segment registry's.
final class EventChannel: Sendable {
  struct State {
    var log: ChannelLog
    /// One for each lane that has readers of the channel.
    var audiences: [LaneAudience] = []
    var readers = 0
    /// The number in the next ID that the hub makes.
    var nextSequence: UInt64 = 1
    var repository: (any EventRepository)?
    /// The same, if it records.
    var recorder: (any RecordingEventRepository)?
    var isRemoved = false
  }

  let name: ChannelName
  private let state: Mutex<State>
  /// Publishers through a recording repository.
  let recording = RecordingQueue()

  let slowReaders: ChannelConfiguration.SlowReaders
  let maximumBacklogBytes: UInt64
  /// In the lanes' nanoseconds.
  let maximumLag: Int64?

  init(name: ChannelName, _ rules: ChannelConfiguration) {
    self.name = name
    slowReaders = rules.slowReaders
    maximumBacklogBytes = rules.maximumBacklogBytes.map(UInt64.init) ?? .max
    maximumLag = rules.maximumLag?.nanoseconds
    state = Mutex(State(log: ChannelLog(isKeyed: rules.slowReaders == .newestPerKey)))
  }
}

extension EventChannel {
  /// Looks at the state, or changes it, under the lock.
  func withState<R>(_ body: (inout State) throws -> R) rethrows -> R {
    try state.withLock { state in
      // The lock gives access to one thread at a time; what comes out of it is a value, or an object with a rule of its
      // own.
      nonisolated(unsafe) let result = try body(&state)
      return result
    }
  }

  /// What a lane has to know to deliver what is new.
  struct Snapshot {
    var start: UInt64
    var end: UInt64
    var endOrdinal: UInt64
  }

  /// A part of the log that lies in one segment.
  struct Range {
    var bytes: EventStreamBytes
    var end: UInt64
    var endOrdinal: UInt64

    var start: UInt64 { end - UInt64(bytes.count) }
  }

  /// The log's ends, and what is between a position and its end appended to `ranges`; nothing, if the position has been
  /// given up.
  func snapshot(from position: UInt64, into ranges: inout [Range]) -> Snapshot {
    withState { state in
      let log = state.log
      var at = position
      while at >= log.start, at < log.end {
        let bytes = log.bytes(from: at)
        at += UInt64(bytes.count)
        ranges.append(Range(bytes: bytes, end: at, endOrdinal: log.ordinal(of: at)))
      }
      return Snapshot(start: log.start, end: log.end, endOrdinal: log.endOrdinal)
    }
  }

  /// Gives up a segment if it is still the oldest one held; whether it was.
  func evict(_ segment: LogSegment, home: LogHome) -> Bool {
    withState { state in
      guard state.log.segments.first === segment else { return false }
      state.log.removeOldestSegment(home: home)
      return true
    }
  }
}
