import Synchronization

/// The readers of one channel in one lane.
///
/// ``isMarked`` is the publishers' side: set when the lane has been told that there is something new and has not yet
/// looked.
/// Everything else belongs to the lane's thread; that confinement is what makes the class `Sendable`.
final class LaneAudience: @unchecked Sendable {
  let channel: EventChannel
  let mailbox: LaneMailbox
  private let marked = Atomic(false)

  /// Those who have everything up to ``position`` at least, and nothing pending: a walk offers them what is new.
  var ready: [Attachment] = []
  /// The others: stalled, replaying, waiting for a moment of their own.
  var waiting: [Attachment] = []
  /// The end of the log at the last walk, and at the last look for readers that are too far behind.
  var position: UInt64
  var lastLook: UInt64

  init(channel: EventChannel, mailbox: LaneMailbox, position: UInt64) {
    self.channel = channel
    self.mailbox = mailbox
    self.position = position
    lastLook = position
  }

  /// A publisher's thread: tells the lane, unless it was told and has not looked yet. Called after the event is in the
  /// log.
  func mark() {
    if !marked.exchange(true, ordering: .acquiringAndReleasing) { mailbox.post(.published(self)) }
  }

  /// The lane: about to look. An event that is published from now on marks anew.
  func unmark() {
    marked.store(false, ordering: .sequentiallyConsistent)
  }

  var isEmpty: Bool { ready.isEmpty && waiting.isEmpty }

  func insert(_ attachment: Attachment, ready isReady: Bool) {
    attachment.isReady = isReady
    if isReady {
      attachment.index = ready.count
      ready.append(attachment)
    } else {
      attachment.index = waiting.count
      waiting.append(attachment)
    }
  }

  /// Constant time: the last one takes the place.
  func remove(_ attachment: Attachment) {
    if attachment.isReady { Self.remove(attachment, from: &ready) } else { Self.remove(attachment, from: &waiting) }
  }

  private static func remove(_ attachment: Attachment, from list: inout [Attachment]) {
    let last = list.removeLast()
    if last !== attachment {
      list[attachment.index] = last
      last.index = attachment.index
    }
  }
}

/// One reader's place in one channel. Belongs to the lane's thread; that confinement is what makes the class
/// `Sendable`.
final class Attachment: @unchecked Sendable {
  unowned let exchange: EventStreamExchange
  let audience: LaneAudience
  /// Up to where the reader has been given the log, and how many blocks that is.
  var cursor: UInt64
  var ordinal: UInt64
  /// The place in the audience's list, kept by the audience.
  var index = 0
  var isReady = false
  /// Not nil while what the reader has missed comes from the repository.
  var replay: Replay?
  /// The last event ID that this reader has of this channel; kept only on streams of several channels.
  var lastEventID: String?
  /// Events that the reader has from the repository and that the log gets yet; nil, as soon as it has got past them.
  var replayedIDs: Set<String>?
  /// Since when something has been waiting for the reader, in the lane's nanoseconds.
  var behindSince = Int64.never
  /// The reader is given only the newest event of each key until it has caught up.
  var isConflating = false
  /// The reader is moved on in the log as soon as it takes bytes again.
  var isToSkip = false
  /// The reader has begun to take an event that is too long to be kept for it.
  var isWithinEvent = false

  init(exchange: EventStreamExchange, audience: LaneAudience, cursor: UInt64, ordinal: UInt64) {
    self.exchange = exchange
    self.audience = audience
    self.cursor = cursor
    self.ordinal = ordinal
  }

  var channel: EventChannel { audience.channel }
}
