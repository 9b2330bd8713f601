extension EventStreamHandler {
  /// The behavior of an endpoint's streams. Every value has a default.
  public struct Configuration: Sendable {
    /// What happens when a reader asks to resume after an event that is no longer available. In every case except
    /// `reject`, the reader also gets an event of type `eventsource-gap`.
    public enum GapPolicy: Sendable {
      /// Everything available, then new events.
      case replayAvailable
      /// Only new events.
      case liveOnly
      /// No stream. The response has this status, 400 to 599, and a one-line reason. If a repository must be asked
      /// first, the response waits for its result.
      case reject(status: Int)
      /// The channel's state, then new events.
      case snapshot(any SnapshotProvider)
    }

    /// What happens to a stream of several channels when one of them is removed.
    public enum ChannelRemoval: Sendable, Hashable {
      /// The stream ends, after the reader has everything published.
      case endsStream
      /// The stream continues with the others, after an event of type `eventsource-removed`.
      case endsChannel
    }

    /// The response to a request for a channel that does not exist: one that was removed or is not open yet.
    public enum MissingChannel: Sendable, Hashable {
      /// 404.
      case notFound
      /// 204, which tells conforming clients not to reconnect (WHATWG HTML 9.2.3).
      case finished
      /// The request waits without a response until the channel is opened. After this time it gets 404. While it waits,
      /// it counts as a stream. The authorizer decides when the request arrives and again when the channel is open.
      /// HEAD does not wait.
      case waits(upTo: Duration)
    }

    /// Channels that every stream of this endpoint reads, without duplicates. Those of the route follow them.
    public var channels: [ChannelName] = []
    /// The query item that names a channel, repeated for several: `/events?channel=news&channel=sport`. `nil` means
    /// that the query never names channels.
    ///
    /// It applies only if neither the path nor ``channels`` names a channel. Otherwise a request with this item gets
    /// 400, so that a path names everything that is read and a proxy's rules for paths hold. The root path names no
    /// channel, so there the query adds to the channels that the program passed with the request.
    public var channelQueryItem: String? = "channel"
    /// Whether the query may add channels to those that the path or ``channels`` names. Rules for paths, in a proxy or
    /// in your program, then no longer control what is read; only the authorizer does.
    public var addsChannelsFromQuery = false
    /// The maximum number of channels of a stream. A request for more gets 400.
    public var maximumChannelsPerStream = 16
    /// The query items that carry the last event ID, for clients that cannot send the `Last-Event-ID` field. A
    /// non-empty field has precedence, then the first non-empty item. Empty means that only the field counts.
    public var lastEventIDQueryItems = ["lastEventID", "lastEventId", "last-event-id"]
    /// The maximum length of a last event ID, in bytes.
    ///
    /// A longer ID, or one with a line break or a NUL, is treated as unknown: the reader gets a gap event, and
    /// ``gapPolicy`` applies. It is not rejected, because a browser's `EventSource` never reconnects after a status
    /// other than 200.
    public var maximumLastEventIDBytes = 4096
    /// Whether a reader without a last event ID gets everything available first, instead of only new events.
    public var replaysToNewReaders = false
    /// What happens when a reader cannot resume without a gap.
    public var gapPolicy = GapPolicy.replayAvailable
    /// The provider of a channel's state, which readers without a last event ID get first. `nil` means none.
    public var snapshotForNewReaders: (any SnapshotProvider)?
    /// What happens to a stream of several channels when one is removed. A stream of one channel ends.
    public var channelRemoval = ChannelRemoval.endsStream
    /// The response to a request for a channel that does not exist. A browser's `EventSource` does not reconnect after
    /// any status but 200. With ``MissingChannel/waits(upTo:)``, a reader whose channel was removed can stay connected.
    public var missingChannel = MissingChannel.notFound

    /// The idle time after which a comment is sent. It keeps proxies from closing the stream and detects dead peers.
    /// `nil` disables it.
    public var heartbeatInterval: Duration? = .seconds(15)
    /// The reconnection time, up to a day, that is sent in a `retry` at the beginning of the stream. `nil` leaves the
    /// reader's default.
    ///
    /// The line is part of the block of the first event or heartbeat, because several clients deliver a block with only
    /// `retry` as an empty event. A conforming reader applies it as soon as it has read the line.
    public var reconnectionTime: Duration?
    /// The fraction by which the times in `retry` vary, so that readers do not return together. 0.5 means 50% to 150%.
    public var reconnectionJitter = 0.5
    /// The maximum duration of a stream, so that readers are rebalanced over servers. `nil` means no limit.
    public var maximumStreamDuration: Duration?
    /// The fraction by which that duration varies. 0.1 means 90% to 110%.
    public var streamDurationJitter = 0.1
    /// The time after which a connection that accepts no waiting bytes is disconnected.
    public var stallTimeout: Duration = .seconds(30)
    /// The window in which each reader gets at most one event, the newest. Each reader has its own phase. `nil`
    /// disables coalescing. Intended for events that only tell readers to fetch the current state.
    public var coalescingWindow: Duration?

    /// How streams are compressed for readers that accept gzip. `nil` disables it.
    ///
    /// A stream that carries both a secret and text of a stranger's choice must not be compressed: the size reveals
    /// whether the text resembles the secret. See <doc:Compression>.
    public var compression: EventStreamCompression?

    /// The interval at which the authorizer is asked again about an open stream. The stream ends if the authorizer
    /// rejects it. `nil` asks only once. The original request is kept in memory for this.
    public var reauthorizationInterval: Duration?

    /// Which pages of other origins may read the streams.
    public var crossOrigin = CrossOriginPolicy.sameOriginOnly
    /// The `Retry-After` value of a response that refuses a request because a limit has been reached. Whole seconds,
    /// rounded up, up to a day.
    public var retryAfter: Duration = .seconds(5)
    /// The text of a comment line at the beginning of every stream. `nil` sends none. Several proxies forward the head
    /// only with the first bytes of the body. Without the line, a reader behind one would not see the connection open
    /// until the first event. Readers ignore the line, and the first event follows it directly.
    public var openingComment: String? = ""
    /// Additional fields for the head of every stream. ``validate()`` rejects fields that frame the message, which the
    /// stack sends, and fields that the handler sends itself.
    public var fields: [HeaderField] = []

    /// The defaults.
    public init() {}
  }
}
