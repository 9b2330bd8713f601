#if Hummingbird
  import EventSourceHummingbird
  import EventSourceServer
  import Foundation
  import HTTPTypes
  import Hummingbird
  import HummingbirdTesting
  import NIOCore
  import Testing

  @Suite struct RunTests {
    /// An application whose runs are named by the bodies that start them.
    private func application(_ runs: RunCollection) -> some ApplicationProtocol {
      let streams = HummingbirdEventStreams(runs.hub)
      let router = Router(context: BasicEventStreamRequestContext.self)
      let handler = RunHandler(runs) { request in
        let run = try runs.start(id: String(decoding: request.body, as: UTF8.self))
        try run.write("token")
        try run.finish()
        return run
      }
      router.runs("runs", handler, on: streams)
      router.post("v1/answers") { request, context in
        let body = try await request.body.collect(upTo: 100)
        let run = try runs.start(id: String(buffer: body))
        try run.write("token")
        try run.finish()
        return await streams.response(
          to: request, in: context, with: run, adding: [HeaderField("Location", "/runs/\(run.id)")])
      }
      return Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
    }

    @Test(arguments: ["/runs", "/v1/answers"], ["router", "live"])
    func aPostIsAnsweredByTheRunThatItStarts(path: String, framework: String) async throws {
      var configuration = RunCollection.Configuration()
      configuration.streams.openingComment = nil
      let runs = RunCollection(EventHub(), configuration: configuration)
      try await application(runs).test(framework == "router" ? .router : .live) { client in
        let answer = try await client.execute(uri: path, method: .post, body: ByteBuffer(string: "job"))
        #expect(answer.status == .ok && answer.headers[.location] == "/runs/job")
        #expect(answer.headers[.contentType] == "text/event-stream; charset=utf-8")
        #expect(String(buffer: answer.body).contains("data: token\nid: job-2\n\n"))
        let lastID = HTTPField.Name("Last-Event-ID")!
        let rest = try await client.execute(uri: "/runs/job", method: .get, headers: [lastID: "job-2"])
        #expect(rest.status == .ok && String(buffer: rest.body).hasSuffix("id: job-3\n\n"))
        let after = try await client.execute(uri: "/runs/job", method: .get, headers: [lastID: "job-3"])
        #expect(after.status == .noContent)
        for (uri, method, status): (String, HTTPRequest.Method, HTTPResponse.Status) in [
          ("/runs/none", .get, .notFound), ("/runs/none", .delete, .notFound), ("/runs/job", .delete, .noContent),
          ("/runs", .get, .methodNotAllowed), ("/runs/%FF", .get, .badRequest),
        ] {
          let response = try await client.execute(uri: uri, method: method)
          #expect(response.status == status, "\(method) \(uri)")
        }
      }
    }

    @Test func aBodyLargerThanAllowedIsRefused() async throws {
      let runs = RunCollection(EventHub())
      try await application(runs).test(.live) { client in
        let body = ByteBuffer(repeating: 120, count: 3 << 20)
        let response = try await client.execute(uri: "/runs", method: .post, body: body)
        #expect(response.status == .contentTooLarge)
        #expect(runs.statistics.active == 0)
      }
    }
  }
#endif
