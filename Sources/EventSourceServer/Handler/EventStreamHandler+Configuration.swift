extension EventStreamHandler {
  /// How an endpoint's streams behave. Every value has a default.
  public struct Configuration: Sendable {
    /// What a reader gets that asks to continue after an event from which it cannot be continued. It is told in any
    /// case, by an event of type `eventsource-gap`.
    public enum AfterGap: Sendable {
      /// All that is held, then what is published.
      case replayHeld
      /// What is published from now on.
      case liveOnly
      /// No stream, but a response with this status, 400 to 599, and one line of reason. Where a repository has to be
      /// asked first, the response waits for its answer.
      case refuse(status: Int)
      /// The channel's state, then what is published.
      case snapshot(any SnapshotProvider)
    }

    /// What becomes of a stream of several channels when one of them is removed.
    public enum ChannelRemoval: Sendable, Hashable {
      /// It ends, when the reader has what is published.
      case endsStream
      /// It goes on with the others. The reader is told by an event of type `eventsource-removed`.
      case endsChannel
    }

    /// What a request for a channel gets that is not there: one that was removed, or not opened yet.
    public enum MissingChannel: Sendable, Hashable {
      /// 404.
      case notFound
      /// 204, by which conforming clients are told not to reconnect (WHATWG HTML 9.2.3).
      case finished
      /// It waits without an answer until the channel is opened, and for the longest of this time; then 404. It counts
      /// as a stream meanwhile. The authorizer is asked before, and once more when the channel is there. HEAD does not
      /// wait.
      case waits(upTo: Duration)
    }

    /// Channels that every stream of this endpoint has, each once; those of the route come after them.
    public var channels: [ChannelName] = []
    /// The query item by which a request names channels, once for each, where neither the path nor ``channels`` names
    /// any: `/events?channel=news&channel=sport`. Elsewhere a request with this item is refused with 400, so that a
    /// path names all that is read and a proxy's rule for it holds. The root path names nothing: there the query adds
    /// to the channels that the program gave with the request. nil: the query never names channels.
    public var channelQueryName: String? = "channel"
    /// Whether the query may add channels to those that the path or ``channels`` names. Rules for paths, of proxies or
    /// of your own, then no longer say what is read; only the authorizer does.
    public var addsChannelsFromQuery = false
    /// The most channels of one stream; a request with more is refused with 400.
    public var maximumChannelsPerStream = 16
    /// The query items by which a request names its last event ID, for clients that cannot send the field. A field
    /// with a value wins, then the first of these items that has one; empty: only the field counts.
    public var lastEventIDQueryNames = ["lastEventID", "lastEventId", "last-event-id"]
    /// The longest last event ID that is looked up, in bytes.
    ///
    /// A longer one, or one with a line break or a NUL, is treated as an ID that nobody knows: the reader is told of a
    /// gap, and ``afterGap`` decides what follows. It is not refused, because any status but 200 ends a browser's
    /// `EventSource` for good.
    public var maximumLastEventIDBytes = 4096
    /// Whether a reader without a last event ID is replayed all that is held, instead of beginning with what comes.
    public var replaysWithoutLastEventID = false
    /// What a reader gets after events that are missing.
    public var afterGap = AfterGap.replayHeld
    /// The state of a channel, for readers without a last event ID, before what is published; nil: none.
    public var snapshotForNewReaders: (any SnapshotProvider)?
    /// What becomes of a stream of several channels when one of them is removed. A stream of one ends.
    public var channelRemoval = ChannelRemoval.endsStream
    /// What a request for a channel gets that is not there. A browser's `EventSource` does not reconnect after any
    /// status but 200, so with ``MissingChannel/waits(upTo:)`` a reader whose channel was removed stays.
    public var missingChannel = MissingChannel.notFound

    /// How long a stream is idle before it carries a comment, which keeps proxies from closing it and finds dead peers;
    /// nil: never.
    public var heartbeatInterval: Duration? = .seconds(15)
    /// How long readers are told to wait before they reconnect, up to a day, in a `retry` at the stream's beginning;
    /// nil: their own default.
    ///
    /// The line stands in the block of the stream's first event or heartbeat, because several clients hand a block of
    /// only `retry` to their program as an empty event. A conforming reader takes it as soon as the line has come.
    public var reconnectionTime: Duration?
    /// By how much the times in `retry` are spread, so that readers do not return together: 0.5 means 50 % to 150 %.
    public var reconnectionJitter = 0.5
    /// How long a stream lives at most, so that readers move to another server now and then; nil: no limit.
    public var maximumConnectionTime: Duration?
    /// By how much that is spread: 0.1 means 90 % to 110 %.
    public var connectionTimeJitter = 0.1
    /// How long a connection may take nothing that is waiting for it before it is cut off.
    public var stallTimeout: Duration = .seconds(30)
    /// If set, a reader gets at most one event per such window, the newest, and each reader at its own moment within
    /// it: for events which all say the same, *look again*.
    public var coalescingWindow: Duration?

    /// How often the authorizer is asked again about an open stream, which ends if it no longer grants it; nil: it is
    /// asked once. It is asked with the original request, which is then kept in memory.
    public var reauthorizationInterval: Duration?

    /// Who else's pages may read.
    public var crossOrigin = CrossOriginPolicy.sameOriginOnly
    /// What refusals for want of room say in `Retry-After`, in whole seconds, rounded up; up to a day.
    public var retryAfter: Duration = .seconds(5)
    /// The text of a comment line that begins every stream, because several proxies pass the head on only with the
    /// first bytes of the body, and the reader would be connecting until then; nil: none. Readers ignore the line, and
    /// the first event follows it directly.
    public var openingComment: String? = ""
    /// More fields for the head of every stream. Those that frame the message are the stack's, and those that the
    /// handler sends itself cannot be sent twice: both are refused by ``validate()``.
    public var fields: [EventStreamField] = []

    /// The defaults.
    public init() {}
  }
}
