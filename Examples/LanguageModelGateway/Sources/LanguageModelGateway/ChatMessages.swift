/// A request of the chat-completions API, as far as this gateway supports it.
struct ChatRequest: Decodable, Sendable {
  struct Message: Decodable, Sendable {
    var role: String
    var content: String?
  }

  var model: String
  var messages: [Message]
  var stream: Bool?
  private var max_tokens: Int?
  private var max_completion_tokens: Int?

  var maximumTokens: Int { max_completion_tokens ?? max_tokens ?? 100 }
}

/// A chunk of a streamed response.
struct ChatChunk: Encodable {
  struct Delta: Encodable {
    var role: String?
    var content: String?
  }

  struct Choice: Encodable {
    var index = 0
    var delta: Delta
    var finish_reason: String?
  }

  let id: String
  var object = "chat.completion.chunk"
  var created = 0
  let model: String
  let choices: [Choice]

  init(id: String, model: String, _ delta: Delta, finishReason: String?) {
    self.id = id
    self.model = model
    choices = [Choice(delta: delta, finish_reason: finishReason)]
  }
}

/// A response that is not streamed.
struct ChatAnswer: Encodable {
  struct Message: Encodable {
    var role = "assistant"
    var content: String
  }

  struct Choice: Encodable {
    var index = 0
    var message: Message
    var finish_reason = "stop"
  }

  let id: String
  var object = "chat.completion"
  var created = 0
  let model: String
  let choices: [Choice]

  init(id: String, model: String, text: String) {
    self.id = id
    self.model = model
    choices = [Choice(message: Message(content: text))]
  }
}
