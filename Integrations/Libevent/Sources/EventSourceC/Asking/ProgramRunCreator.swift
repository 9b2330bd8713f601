import CEventSource
import EventSourceServer

/// The creator of runs of a C program.
// Sendable, because the header requires that the program's functions can be called on any thread.
struct ProgramRunCreator: @unchecked Sendable {
  static let pending = PendingAnswers<Run>()

  private let functions: es_run_creator
  private let context: ProgramContext

  /// - Parameter creator: The program's struct. Its function must not be NULL.
  init(_ creator: es_run_creator) {
    functions = creator
    context = ProgramContext(creator.context, release: creator.release)
  }

  /// Returns a run of the collection.
  func create(_ request: RunRequest, in runs: RunCollection) async throws -> Run {
    let run = try await PendingAnswer(in: Self.pending).wait { handle in
      let lent = LentText()
      withExtendedLifetime(lent) {
        var lentRequest = lent.request(request.request)
        lentRequest.channels = lent.array([lent.pointer(runs.name.rawValue)])
        lentRequest.channel_count = 1
        lentRequest.identity = request.identity.map { lent.pointer($0) }
        // One byte more, so that programs that take it for a text find its end.
        lentRequest.body = lent.array(request.body.map { CChar(bitPattern: $0) } + [0])
        lentRequest.body_length = request.body.count
        functions.create(context.pointer, handle, &lentRequest)
      }
    } cancelled: { handle in
      functions.cancelled?(context.pointer, handle)
    }
    guard runs[run.id] == run else {
      throw ProgramError(description: "the answer is a run of another collection, or one that was discarded")
    }
    return run
  }
}
