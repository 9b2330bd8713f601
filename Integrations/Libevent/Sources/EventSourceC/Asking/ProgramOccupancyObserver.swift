import CEventSource
import EventSourceServer

/// The occupancy observer of a C program.
// Sendable, because the header requires that the program's functions can be called on any thread.
struct ProgramOccupancyObserver: OccupancyObserver, @unchecked Sendable {
  private let functions: es_occupancy_observer
  private let context: ProgramContext

  init(_ observer: es_occupancy_observer) throws(Failure) {
    _ = try required(observer.changed, "the observer's changed")
    functions = observer
    context = ProgramContext(observer.context, release: observer.release)
  }

  func occupancyChanged(_ change: OccupancyChange) async {
    let lent = LentText()
    withExtendedLifetime(lent) {
      var told = es_occupancy_change()
      told.size = MemoryLayout<es_occupancy_change>.size
      switch change {
      case .occupied(let channel):
        told.what = ES_OCCUPIED
        told.channel = lent.pointer(channel.rawValue)
        told.readers = 1
      case .readerJoined(let reader, let channel, let readers):
        told.what = ES_READER_JOINED
        Self.tell(reader, channel, readers, in: &told, lent)
      case .readerLeft(let reader, let channel, let reason, let readers):
        told.what = ES_READER_LEFT
        told.reason = reason.inHeader
        Self.tell(reader, channel, readers, in: &told, lent)
      case .vacated(let channel):
        told.what = ES_VACATED
        told.channel = lent.pointer(channel.rawValue)
      case .resynchronized(let channels):
        told.what = ES_RESYNCHRONIZED
        told.channels = lent.array(channels.map { lent.pointer($0.rawValue) })
        told.channel_count = channels.count
      }
      functions.changed(context.pointer, &told)
    }
  }

  private static func tell(
    _ reader: OccupancyChange.Reader, _ channel: ChannelName, _ readers: Int, in told: inout es_occupancy_change,
    _ lent: LentText
  ) {
    told.channel = lent.pointer(channel.rawValue)
    told.readers = readers
    told.stream = reader.stream
    told.identity = reader.identity.map { lent.pointer($0) }
    told.peer = reader.peer.map { lent.pointer($0) }
  }
}

extension DisconnectReason {
  fileprivate var inHeader: es_disconnect_reason {
    switch self {
    case .peerDisconnected: ES_LEFT_PEER_DISCONNECTED
    case .fellBehind: ES_LEFT_FELL_BEHIND
    case .backlog: ES_LEFT_BACKLOG
    case .lagExceeded: ES_LEFT_LAG_EXCEEDED
    case .overBudget: ES_LEFT_OVER_BUDGET
    case .stalled: ES_LEFT_STALLED
    case .maximumDurationReached: ES_LEFT_MAXIMUM_DURATION_REACHED
    case .authorizationEnded: ES_LEFT_AUTHORIZATION_ENDED
    case .revoked: ES_LEFT_REVOKED
    case .repositoryFailed: ES_LEFT_REPOSITORY_FAILED
    case .channelRemoved: ES_LEFT_CHANNEL_REMOVED
    case .runEnded: ES_LEFT_RUN_ENDED
    case .draining: ES_LEFT_DRAINING
    case .laneClosed: ES_LEFT_STREAMS_FREED
    }
  }
}
