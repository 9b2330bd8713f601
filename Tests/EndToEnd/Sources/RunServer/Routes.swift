import CEvhttp
import EventSourceFormat
import EventSourceLibevent
import EventSourceServer
import Foundation

/// The routes of the server. Used on the base's thread.
final class Routes {
  private let runs: RunCollection
  private let streams: EvhttpEventStreams
  private let tokensPerSecond: Double
  private let handler: RunHandler

  init(_ runs: RunCollection, _ streams: EvhttpEventStreams, tokensPerSecond: Double) {
    self.runs = runs
    self.streams = streams
    self.tokensPerSecond = tokensPerSecond
    handler = RunHandler(runs) { _ in throw EventStreamRejection(status: 405, reason: "ask for answers elsewhere") }
  }

  func answer(_ request: OpaquePointer) {
    if streams.serve(request, with: handler, at: "/runs") { return }
    switch String(cString: evhttp_request_get_uri(request)) {
    case "/v1/chat/completions": complete(request)
    case "/stats": send(statistics, to: request)
    default: evhttp_send_error(request, HTTP_NOTFOUND, nil)
    }
  }

  private struct Prompt: Decodable { var max_tokens: Int }

  private func complete(_ request: OpaquePointer) {
    let input = evhttp_request_get_input_buffer(request)
    let count = evbuffer_get_length(input)
    let body = count == 0 ? Data() : Data(bytes: evbuffer_pullup(input, -1), count: count)
    guard let prompt = try? JSONDecoder().decode(Prompt.self, from: body) else {
      return evhttp_send_error(request, HTTP_BADREQUEST, nil)
    }
    do {
      let run = try runs.start { [tokensPerSecond] in try await Self.write(prompt.max_tokens, tokensPerSecond, to: $0) }
      streams.respond(to: request, with: run, adding: [HeaderField("Location", "/runs/\(run.id)")])
    } catch {
      evhttp_send_error(request, HTTP_SERVUNAVAIL, nil)
    }
  }

  private static func write(_ count: Int, _ tokensPerSecond: Double, to run: Run) async throws {
    for number in 0..<count {
      try await Task.sleep(for: .seconds(1 / tokensPerSecond))
      let chunk = #"{"id":"chatcmpl-\#(run.id)","choices":[{"index":0,"delta":{"content":"\#(number):fox "}}]}"#
      try await run.write(chunk, waitingUntil: .stored)
    }
    try run.finish("[DONE]")
  }

  private var statistics: String {
    let (now, hub) = (runs.statistics, runs.hub.statistics)
    return """
      {"active":\(now.active),"retained":\(now.retained),"bytes":\(now.bytes),"viewers":\(hub.readers)}

      """
  }

  private func send(_ text: String, to request: OpaquePointer) {
    let body = evbuffer_new()
    evbuffer_add(body, text, text.utf8.count)
    evhttp_send_reply(request, HTTP_OK, "OK", body)
    evbuffer_free(body)
  }
}
