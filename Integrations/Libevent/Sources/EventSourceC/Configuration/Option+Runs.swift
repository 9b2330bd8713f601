import CEventSource
import EventSourceServer

extension Option {
  static let ofRuns = [
    Option(ES_OPTION_MAXIMUM_RUNS, "MAXIMUM_RUNS", .runs, "maximumRuns", .count(\.runs.maximumRuns)),
    Option(
      ES_OPTION_MAXIMUM_BYTES_PER_RUN, "MAXIMUM_BYTES_PER_RUN", .runs, "maximumBytesPerRun",
      .count(\.runs.maximumBytesPerRun)),
    Option(ES_OPTION_RUNS_MEMORY_LIMIT, "RUNS_MEMORY_LIMIT", .runs, "memoryLimit", .count(\.runs.memoryLimit)),
    Option(
      ES_OPTION_RUN_WRITE_TIMEOUT_MS, "RUN_WRITE_TIMEOUT_MS", .runs, "writeTimeout", .time(\.runs.writeTimeout)),
    Option(ES_OPTION_MAXIMUM_RUN_MS, "MAXIMUM_RUN_MS", .runs, "maximumDuration", .timeOrNone(\.runs.maximumDuration)),
    Option(
      ES_OPTION_UNWATCHED_LIMIT_MS, "UNWATCHED_LIMIT_MS", .runs, "unwatchedLimit",
      .timeOrNone(\.runs.unwatchedLimit)),
    Option(ES_OPTION_STOP_GRACE_MS, "STOP_GRACE_MS", .runs, "stopGrace", .time(\.runs.stopGrace)),
    Option(ES_OPTION_RUN_RETENTION_MS, "RUN_RETENTION_MS", .runs, "retention", .time(\.runs.retention)),
    Option(ES_OPTION_ANNOUNCES_RUN_ID, "ANNOUNCES_RUN_ID", .runs, "announcesID", .flag(\.runs.announcesID)),
    Option(ES_OPTION_STATUS_AFTER_END, "STATUS_AFTER_END", .runs, "responseAfterEnd", .count(\.statusAfterEnd)),
    Option(
      ES_OPTION_WITHOUT_EVENT_STREAMS, "WITHOUT_EVENT_STREAMS", .runs, "withoutEventStreams",
      .choice(\.withoutEventStreams, allowed: "0, 1 or 2")),
    Option(
      ES_OPTION_RUN_PRODUCER_TIMEOUT_MS, "RUN_PRODUCER_TIMEOUT_MS", .runs, "producerTimeout",
      .time(\.runs.producerTimeout)),
  ]
}

extension Settings {
  var statusAfterEnd: Int {
    get { runs.responseAfterEnd.status }
    set {
      runs.responseAfterEnd =
        newValue == 204 ? .finished : EventStreamRejection(status: newValue, reason: "the run has ended")
    }
  }

  var withoutEventStreams: Int? {
    get { Self.plainResponses.firstIndex(of: runs.withoutEventStreams) }
    set { choose(newValue, of: Self.plainResponses) { runs.withoutEventStreams = $0 } }
  }

  private static let plainResponses = [RunCollection.Configuration.PlainResponse.jsonLines, .rejected, .eventStream]
}
