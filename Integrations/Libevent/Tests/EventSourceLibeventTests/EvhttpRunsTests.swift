import CLibevent
import EventSourceLibevent
import EventSourceServer
import Foundation
import FoundationNetworking
import Testing

/// Tests of runs in an evhttp server: served by its general callback, and as the response of one of its own callbacks.
@Suite(.serialized) struct EvhttpRunsTests {
  // Sendable, because after `init` everything except the runs is used on the base's thread.
  private final class Scene: @unchecked Sendable {
    let runs = RunCollection(EventHub())
    let program: EvhttpProgram
    let streams: EvhttpEventStreams

    init() throws {
      program = try EvhttpProgram()
      streams = try EvhttpEventStreams(base: program.base, hub: runs.hub)
      let handler = RunHandler(runs) { [runs] in try runs.start(id: String(decoding: $0.body, as: UTF8.self)) }
      program.general = { [streams, runs] request in
        if streams.serve(request, with: handler, at: "/runs") { return }
        guard let run = try? runs.start(id: "own") else { return evhttp_send_error(request, 500, nil) }
        streams.respond(to: request, with: run, adding: [HeaderField("Location", "/runs/own")])
      }
      program.start()
    }

    func end() async {
      await withCheckedContinuation { continuation in
        program.onLoop {
          self.streams.close()
          self.program.general = nil
          self.program.finish { continuation.resume() }
        }
      }
    }

    func send(
      _ method: String, _ path: String, body: String = "", after id: String? = nil
    ) async throws -> (status: Int, location: String?, body: String) {
      var request = URLRequest(url: URL(string: "http://127.0.0.1:\(program.port)\(path)")!)
      request.httpMethod = method
      if !body.isEmpty { request.httpBody = Data(body.utf8) }
      if let id { request.setValue(id, forHTTPHeaderField: "Last-Event-ID") }
      let (data, response) = try await URLSession.shared.data(for: request)
      let head = response as? HTTPURLResponse
      return (head?.statusCode ?? 0, head?.value(forHTTPHeaderField: "Location"), String(decoding: data, as: UTF8.self))
    }

    /// Returns the run with an ID once it has a viewer.
    func watched(_ id: String) async -> Run {
      while runs[id]?.viewerCount != 1 { await Task.yield() }
      return runs[id]!
    }
  }

  @Test func aPostIsAnsweredByItsRunWhichIsReadAgainAndStopped() async throws {
    let scene = try Scene()
    let posted = Task { try await scene.send("POST", "/runs", body: "job") }
    let run = await scene.watched("job")
    try run.write("token")
    try run.finish()
    let answer = try await posted.value
    #expect(answer.status == 200 && answer.location == "/runs/job")
    #expect(answer.body.contains("data: token\nid: job-2\n\n") && answer.body.hasSuffix("id: job-3\n\n"))
    let rest = try await scene.send("GET", "/runs/job", after: "job-2")
    #expect(rest.body.contains("eventsource-end") && !rest.body.contains("token"))
    #expect(try await scene.send("GET", "/runs/job", after: "job-3").status == 204)
    #expect(try await scene.send("DELETE", "/runs/job").status == 204)
    #expect(try await scene.send("DELETE", "/runs/none").status == 404)
    #expect(try await scene.send("PUT", "/runs/job", body: "x").status == 405)
    await scene.end()
  }

  @Test func aCallbackOfTheProgramAnswersWithARun() async throws {
    let scene = try Scene()
    let posted = Task { try await scene.send("POST", "/elsewhere", body: "prompt") }
    let run = await scene.watched("own")
    run.stop()
    let answer = try await posted.value
    #expect(answer.status == 200 && answer.location == "/runs/own" && answer.body.contains("\"outcome\":\"stopped\""))
    await scene.end()
  }
}
