import CEventSource
import EventSourceServer

/// The run observer of a C program.
// Sendable, because the header requires that the program's functions can be called on any thread.
struct ProgramRunObserver: RunObserver, @unchecked Sendable {
  private let functions: es_run_observer
  private let context: ProgramContext

  init(_ observer: es_run_observer) throws(Failure) {
    _ = try required(observer.changed, "the observer's changed")
    functions = observer
    context = ProgramContext(observer.context, release: observer.release)
  }

  func runChanged(_ change: RunChange) async {
    let lent = LentText()
    withExtendedLifetime(lent) {
      var told = es_run_change()
      told.size = MemoryLayout<es_run_change>.size
      switch change {
      case .began(let run): Self.tell(ES_RUN_BEGAN, run, in: &told, lent)
      case .viewerJoined(let run, let viewers):
        Self.tell(ES_RUN_VIEWER_JOINED, run, in: &told, lent)
        told.viewers = viewers
      case .viewerLeft(let run, let viewers):
        Self.tell(ES_RUN_VIEWER_LEFT, run, in: &told, lent)
        told.viewers = viewers
      case .stopRequested(let run, let reason):
        Self.tell(ES_RUN_STOP_REQUESTED, run, in: &told, lent)
        Self.tell(reason, in: &told, lent)
      case .ended(let run, let outcome):
        Self.tell(ES_RUN_ENDED, run, in: &told, lent)
        told.outcome = outcome.inHeader
        if case .stopped(let reason) = outcome { Self.tell(reason, in: &told, lent) }
        if case .failed(let text) = outcome { told.error = lent.pointer(text) }
      case .discarded(let run): Self.tell(ES_RUN_DISCARDED, run, in: &told, lent)
      }
      functions.changed(context.pointer, &told)
    }
  }

  private static func tell(_ what: es_run_event, _ run: Run, in told: inout es_run_change, _ lent: LentText) {
    told.what = what
    told.run = lent.pointer(run.id)
  }

  private static func tell(_ reason: RunStopReason, in told: inout es_run_change, _ lent: LentText) {
    told.reason = reason.inHeader
    if case .requested(let identity) = reason { told.identity = identity.map { lent.pointer($0) } }
  }
}

extension RunOutcome {
  var inHeader: es_run_outcome {
    switch self {
    case .finished: ES_RUN_FINISHED
    case .failed: ES_RUN_FAILED
    case .stopped: ES_RUN_STOPPED
    case .interrupted: ES_RUN_INTERRUPTED
    }
  }
}

extension RunStopReason {
  var inHeader: es_stop_reason {
    switch self {
    case .requested: ES_STOP_REQUESTED
    case .unwatched: ES_STOP_UNWATCHED
    case .deadline: ES_STOP_DEADLINE
    case .byteLimit: ES_STOP_BYTE_LIMIT
    case .closed: ES_STOP_CLOSED
    }
  }
}
