internal import EventSourceFormat

extension RunCollection {
  /// Limits and rules for a collection of runs. Every value has a default.
  public struct Configuration: Sendable {
    /// The maximum number of runs, including runs that ended and are still kept. At the maximum, a new run discards the
    /// run without viewers that ended first.
    public var maximumRuns = 10_000
    /// The maximum encoded bytes of one run's events. A write that exceeds it stops the run.
    public var maximumBytesPerRun = 4 << 20
    /// The maximum memory of all runs, in bytes. At the maximum, the run without viewers that ended first is discarded;
    /// if there is none, producers wait. All collections of a hub may have at most half of the hub's
    /// ``EventHub/Configuration/memoryLimit``.
    public var memoryLimit = 64 << 20
    /// The maximum time that an awaited write waits for memory before it throws ``RunError/overBudget(limit:)``.
    public var writeTimeout: Duration = .seconds(30)
    /// The maximum duration of a run. After it, the run is asked to stop. `nil` means no limit.
    public var maximumDuration: Duration? = .seconds(3600)
    /// The maximum time without viewers, from the run's beginning or since the last viewer left. After it, the run is
    /// asked to stop. `nil` means no limit.
    public var unwatchedLimit: Duration?
    /// The time during which a producer may still write after it was asked to stop. Zero ends the run immediately.
    public var stopGrace: Duration = .zero
    /// The time for which a run is kept after its end, for viewers that return.
    public var retention: Duration = .seconds(60)
    /// Whether a run's first event contains its ID: type `eventsource-run`, data `{"run":"…"}`.
    public var announcesID = true
    /// The history of the runs. `nil` keeps runs in memory only.
    ///
    /// Each event is recorded before any viewer gets it, in the channel ``Run/channelName``, so writes must be awaited.
    /// When a viewer asks for a run that is no longer in memory, the run is read from the history. If the process ended
    /// before the run did, viewers get an end with the outcome `interrupted`.
    ///
    /// With a ``SharedEventRepository`` several processes can have the same runs: each serves the viewers of all runs,
    /// and can stop all of them. They need the same collection name and the same configuration, and the ID of a run may
    /// be used by one process only. Only one process at a time may write any other history.
    public var repository: (any RecordingEventRepository)?
    /// With a shared history, the approximate time after which a process that does not answer is taken for ended. The
    /// viewers of its runs get an end with the outcome `interrupted`. Processes compare no clocks.
    public var producerTimeout: Duration = .seconds(15)

    /// The behavior of the viewers' streams. A viewer always begins at a run's beginning, regardless of
    /// ``EventStreamHandler/Configuration/replaysToNewReaders``, and a stream carries one run.
    public var streams = EventStreamHandler.Configuration()
    /// The response to a viewer that returns after the end and has every event. The default is 204, after which a
    /// browser's `EventSource` does not reconnect.
    public var responseAfterEnd = EventStreamRejection.finished
    /// The response to a request whose `Accept` field admits no event stream.
    public var withoutEventStreams = PlainResponse.jsonLines

    /// A kind of response to requests that do not accept event streams.
    public enum PlainResponse: Sendable, Hashable {
      /// The complete run when it ends, as JSON lines (`application/jsonl`): one object per event, with `id`, `type`
      /// and `data`.
      case jsonLines
      /// 406.
      case rejected
      /// The event stream, for interfaces whose clients ask for a stream in another way. A server may disregard the
      /// `Accept` field (RFC 9110, 12.5.1).
      case eventStream
    }

    /// Creates a configuration with the default values.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require(maximumRuns > 0, "maximumRuns", "at least 1", maximumRuns)
      try ConfigurationError.require(
        maximumBytesPerRun >= 1024, "maximumBytesPerRun", "at least 1024", maximumBytesPerRun)
      try ConfigurationError.require(memoryLimit >= 16 << 10, "memoryLimit", "at least 16384", memoryLimit)
      for (name, time) in [
        ("writeTimeout", writeTimeout), ("producerTimeout", producerTimeout),
        ("maximumDuration", maximumDuration ?? .seconds(1)),
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
      // A viewer whose ID is unknown here gets the whole run.
      switch handler.gapPolicy {
      case .liveOnly, .snapshot: handler.gapPolicy = .replayAvailable
      case .replayAvailable, .reject: break
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
