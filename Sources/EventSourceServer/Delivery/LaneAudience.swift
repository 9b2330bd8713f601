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

  /// A reader in step. Its attachment stays in memory, because its exchange holds it until it has left the audience.
  struct InStep {
    unowned(unsafe) let attachment: Attachment
    let response: any EventStreamResponse
  }

  /// Those who have everything up to ``position``, nothing pending, and are given the log as it is: a walk writes to
  /// them, and what they have been given is noted once, here, for all of them.
  private(set) var inStep: [InStep] = []
  /// Those who have nothing pending either: a walk offers them what is new in another way.
  private(set) var ready: [Attachment] = []
  /// The others: stalled, replaying, waiting for a moment of their own.
  private(set) var waiting: [Attachment] = []
  /// The end of the log at the last walk, in bytes and in blocks.
  var position: UInt64
  var ordinal: UInt64
  /// When those in step were written to last.
  var lastOffer: Int64 = 0
  /// The end of the log at the last look for readers that are too far behind.
  var lastLook: UInt64

  init(channel: EventChannel, mailbox: LaneMailbox, log: ChannelLog) {
    self.channel = channel
    self.mailbox = mailbox
    position = log.end
    ordinal = log.endOrdinal
    lastLook = log.end
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

  var isEmpty: Bool { inStep.isEmpty && ready.isEmpty && waiting.isEmpty }
  var all: [Attachment] { inStep.map(\.attachment) + ready + waiting }

  /// A new reader waits.
  func insert(_ attachment: Attachment) { enter(.waiting, attachment) }

  /// Constant time: the last one takes the place that becomes free.
  func move(_ attachment: Attachment, to place: Attachment.Place) {
    guard attachment.place != place else { return }
    remove(attachment)
    enter(place, attachment)
  }

  /// Constant time.
  func remove(_ attachment: Attachment) {
    let index = attachment.index
    switch attachment.place {
    case .inStep:
      attachment.cursor = position
      attachment.ordinal = ordinal
      attachment.exchange.lastWrite = max(attachment.exchange.lastWrite, lastOffer)
      let last = inStep.removeLast()
      guard index < inStep.count else { return }
      inStep[index] = last
      last.attachment.index = index
    case .ready: Self.remove(index, from: &ready)
    case .waiting: Self.remove(index, from: &waiting)
    }
  }

  private static func remove(_ index: Int, from list: inout [Attachment]) {
    let last = list.removeLast()
    guard index < list.count else { return }
    list[index] = last
    last.index = index
  }

  private func enter(_ place: Attachment.Place, _ attachment: Attachment) {
    attachment.place = place
    switch place {
    case .inStep:
      attachment.index = inStep.count
      inStep.append(InStep(attachment: attachment, response: attachment.exchange.response))
    case .ready:
      attachment.index = ready.count
      ready.append(attachment)
    case .waiting:
      attachment.index = waiting.count
      waiting.append(attachment)
    }
  }
}

/// One reader's place in one channel. Belongs to the lane's thread; that confinement is what makes the class
/// `Sendable`.
final class Attachment: @unchecked Sendable {
  /// The audience's list that it is in.
  enum Place {
    case inStep
    case ready
    case waiting
  }

  unowned let exchange: EventStreamExchange
  /// Its place among those of the exchange.
  let number: UInt16
  let audience: LaneAudience
  /// Up to where the reader has been given the log, and how many blocks that is. Not while it is in step: then the
  /// audience knows.
  var cursor: UInt64
  var ordinal: UInt64
  /// The list that it is in and its place there, kept by the audience.
  fileprivate(set) var place = Place.waiting
  fileprivate var index = 0
  /// Not nil while what the reader has missed comes from the repository.
  var replay: Replay?
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
    number = UInt16(exchange.attachments.count)
    self.audience = audience
    self.cursor = cursor
    self.ordinal = ordinal
  }

  var channel: EventChannel { audience.channel }
}
