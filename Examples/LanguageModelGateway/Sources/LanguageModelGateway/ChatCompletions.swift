import EventSourceBuiltInServer
import EventSourceFormat
import EventSourceJSON
import EventSourceServer

/// The endpoint `POST /v1/chat/completions`, compatible with that API. The simulated model repeats the words of the
/// last message, one numbered token at a time.
struct ChatCompletions: Sendable {
  private let runs: RunCollection
  private let tokensPerSecond: Double

  init(_ runs: RunCollection, tokensPerSecond: Double) {
    self.runs = runs
    self.tokensPerSecond = tokensPerSecond
  }

  func answer(_ request: BuiltInRequest) async throws -> BuiltInResponse {
    let prompt = try request.json(as: ChatRequest.self)
    let words = (prompt.messages.last?.content ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    let model = PretendModel(
      words: words.isEmpty ? ["…"] : words, count: min(max(prompt.maximumTokens, 1), 10_000),
      tokensPerSecond: tokensPerSecond)
    guard prompt.stream ?? false else { return try await answerAtOnce(prompt, model) }
    let run = try start(prompt, model)
    return .run(run, location: "/runs/\(run.id)")
  }

  private func start(_ prompt: ChatRequest, _ model: PretendModel) throws -> Run {
    do {
      return try runs.start { run in
        func chunk(_ delta: ChatChunk.Delta, finishReason: String? = nil) throws -> ServerSentEvent {
          try ServerSentEvent(
            json: ChatChunk(id: "chatcmpl-\(run.id)", model: prompt.model, delta, finishReason: finishReason))
        }
        try await run.write(chunk(ChatChunk.Delta(role: "assistant", content: "")), waitingUntil: .stored)
        for try await token in model.tokens {
          try await run.write(chunk(ChatChunk.Delta(content: token)), waitingUntil: .stored)
        }
        try await run.write(chunk(ChatChunk.Delta(), finishReason: "stop"), waitingUntil: .stored)
        try run.finish("[DONE]")
      }
    } catch RunError.tooManyRuns, RunError.overBudget {
      throw Busy()
    }
  }

  private func answerAtOnce(_ prompt: ChatRequest, _ model: PretendModel) async throws -> BuiltInResponse {
    var text = ""
    for try await token in model.tokens { text += token }
    return try .json(encoding: ChatAnswer(id: "chatcmpl-whole", model: prompt.model, text: text))
  }

  /// The error if no more responses can be generated at the same time.
  private struct Busy: RouteError {
    var response: BuiltInResponse { .text("as many answers are being given as may be\n", status: 503) }
  }
}
