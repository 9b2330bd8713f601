extension RunCollection {
  /// Limits and rules for a collection of runs. Every value has a default.
  public struct Configuration: Sendable {
    /// The maximum number of runs, with those that are over and still kept. When it is reached, the one that ended
    /// first and has no viewers is discarded for a new one.
    public var maximumRuns = 10_000
    /// The maximum encoded bytes of the events of one run. A run that is written beyond it is stopped.
    public var maximumBytesPerRun = 4 << 20
    /// The maximum bytes that all runs occupy. When they are needed, the run that ended first and has no viewers is
    /// discarded; otherwise a producer waits. At most half of the hub's `maximumBytes`, over all of its collections.
    public var maximumBytes = 64 << 20
    /// For how long an awaited write waits for memory before it throws ``RunError/overBudget(limit:)``.
    public var writeTimeout: Duration = .seconds(30)
    /// How long a run may take before it is asked to stop. `nil` means no limit.
    public var maximumDuration: Duration? = .seconds(3600)
    /// How long a run may be without viewers, from its beginning on or since the last one left, before it is asked to
    /// stop. `nil` means without limit.
    public var unwatchedLimit: Duration?
    /// How long a producer that was asked to stop may still write. Zero: the run is over at once.
    public var stopGrace: Duration = .zero
    /// For how long a run is kept after its end, for viewers that return.
    public var retention: Duration = .seconds(60)
    /// Whether a run's first event tells its ID: type `eventsource-run`, data `{"run":"…"}`.
    public var announcesID = true
    /// The history of the runs. `nil`: they are in memory only.
    ///
    /// Each event is recorded before any viewer has it, in a channel named as ``Run/channelName``, and writes have to
    /// be awaited. A run that is no longer in memory is read from the history when a viewer asks for it. If the process
    /// ended before the run did, its viewers are told that it was interrupted. One process at a time may write it.
    public var repository: (any RecordingEventRepository)?

    /// The behavior of the viewers' streams. Viewers begin at a run's beginning, whatever
    /// ``EventStreamHandler/Configuration/replaysToNewReaders`` says, and a stream is of one run.
    public var streams = EventStreamHandler.Configuration()
    /// What a viewer gets that returns after the end and has everything. By default 204, after which a browser's
    /// `EventSource` does not reconnect.
    public var responseAfterEnd = EventStreamRejection.finished
    /// What a request gets whose `Accept` field admits no event stream.
    public var withoutEventStreams = PlainResponse.jsonLines

    /// What a request gets that does not accept event streams.
    public enum PlainResponse: Sendable, Hashable {
      /// The whole run at its end, as JSON lines (`application/jsonl`): one object an event, with `id`, `type` and
      /// `data`.
      case jsonLines
      /// 406.
      case refused
      /// The event stream all the same, which a server may send whatever `Accept` says (RFC 9110, 12.5.1): for
      /// interfaces whose clients ask for a stream in another way.
      case eventStream
    }

    /// The defaults.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require(maximumRuns > 0, "maximumRuns", "at least 1", maximumRuns)
      try ConfigurationError.require(
        maximumBytesPerRun >= 1024, "maximumBytesPerRun", "at least 1024", maximumBytesPerRun)
      try ConfigurationError.require(maximumBytes >= 16 << 10, "maximumBytes", "at least 16384", maximumBytes)
      for (name, time) in [
        ("writeTimeout", writeTimeout), ("maximumDuration", maximumDuration ?? .seconds(1)),
        ("unwatchedLimit", unwatchedLimit ?? .seconds(1)),
      ] {
        try ConfigurationError.require(time >= .milliseconds(1), name, "at least a millisecond", time)
      }
      for (name, time) in [("stopGrace", stopGrace), ("retention", retention)] {
        try ConfigurationError.require(time >= .zero, name, "zero or more", time)
      }
      let status = responseAfterEnd.status
      try ConfigurationError.require(
        status == 204 || (400...599).contains(status), "responseAfterEnd", "204, or 400 to 599", status)
      try ConfigurationError.require(
        streams.coalescingWindow == nil, "streams.coalescingWindow", "none: a viewer gets every event", "a window")
      try ConfigurationError.require(
        streams.channels.isEmpty, "streams.channels", "none: a stream is of one run", streams.channels.count)
      try streams.validate()
    }

    /// The configuration of the handler that serves viewers.
    var handler: EventStreamHandler.Configuration {
      var handler = streams
      handler.replaysToNewReaders = true
      handler.channelQueryItem = nil
      handler.snapshotForNewReaders = nil
      // A viewer whose ID means nothing here gets the whole run.
      switch handler.gapPolicy {
      case .liveOnly, .snapshot: handler.gapPolicy = .replayAvailable
      case .replayAvailable, .refuse: break
      }
      handler.crossOrigin.allowedMethods += ["POST", "DELETE"].filter {
        !handler.crossOrigin.allowedMethods.contains($0)
      }
      if !handler.crossOrigin.exposedFields.contains(where: { $0 == "*" || equalsIgnoringASCIICase($0, "Location") }) {
        handler.crossOrigin.exposedFields.append("Location")
      }
      return handler
    }

    var rules: RunState.Rules {
      RunState.Rules(
        maximumDuration: maximumDuration?.nanoseconds ?? .never, unwatchedLimit: unwatchedLimit?.nanoseconds ?? .never,
        stopGrace: stopGrace.nanoseconds, retention: retention.nanoseconds)
    }
  }
}
