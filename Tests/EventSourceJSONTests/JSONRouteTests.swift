#if os(Linux)
  import EventSourceBuiltInServer
  import EventSourceJSON
  import EventSourceServer
  import Foundation
  import Testing

  /// Tests of routes that receive and return JSON.
  struct JSONRouteTests {
    private struct Item: Codable, Hashable, Sendable {
      var name: String
      var price: Double
    }

    private func request(_ body: String, type: String? = "application/json") throws -> BuiltInRequest {
      let fields = type.map { [HeaderField("content-type", $0)] } ?? []
      return try #require(BuiltInRequest(method: "POST", target: "/", fields: fields, body: Array(body.utf8)))
    }

    @Test(arguments: [
      nil, "application/json", "Application/JSON; charset=utf-8", "application/problem+json", "application/json ;a=b",
    ])
    func aBodyIsDecoded(type: String?) throws {
      let item = try request(#"{"name":"a","price":1.5}"#, type: type).json(as: Item.self)
      #expect(item == Item(name: "a", price: 1.5))
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "", "json", "application/jsonx", "x/y+json"])
    func aBodyThatIsSaidToBeSomethingElseIs415(type: String) throws {
      let error = #expect(throws: JSONBodyError.self) { try request("{}", type: type).json(as: Item.self) }
      #expect(error == .notJSON && error?.response.status == 415)
    }

    @Test(arguments: [
      (#"[{"name":"a","price":1},{"name":"b","price":"2"}]"#, "[1].price: expected a number\n"),
      (#"[{"price":1}]"#, "[0].name: missing\n"), (#"{}"#, "the body: expected an array\n"),
      (#"[{]"#, "not valid JSON\n"), ("", "not valid JSON\n"),
    ])
    func aBodyThatIsNotWhatIsExpectedIs400WithThePlace(body: String, reason: String) throws {
      let error = #expect(throws: JSONBodyError.self) { try request(body).json(as: [Item].self) }
      #expect(error?.response.status == 400)
      #expect(error.map { String(decoding: $0.response.body, as: UTF8.self) } == reason)
    }

    @Test func anAnswerIsEncoded() throws {
      let response = try BuiltInResponse.json(encoding: [Item(name: "a", price: 1)], status: 201)
      #expect(response.status == 201)
      #expect(response.fields.values(of: "Content-Type") == ["application/json"])
      #expect(try JSONDecoder().decode([Item].self, from: Data(response.body)) == [Item(name: "a", price: 1)])
      #expect(throws: EncodingError.self) { try BuiltInResponse.json(encoding: Double.infinity) }
    }

    @Test func aRouteThatThrowsTheErrorAnswersWithIt() async throws {
      var configuration = BuiltInServer.Configuration()
      // A busy machine may need a long time.
      configuration.routeTimeout = .seconds(3600)
      let server = BuiltInServer(configuration: configuration)
      server.route("POST", at: "/items") { request in
        let item = try request.json(as: Item.self)
        return try .json(encoding: [item.name: item.price], status: 201)
      }
      let address = try server.start()
      for (body, status, answer) in [
        (#"{"name":"a","price":1.5}"#, 201, #"{"a":1.5}"#),
        (#"{"name":7,"price":1}"#, 400, "name: expected a string\n"),
      ] {
        let text = try await post(body, to: address)
        #expect(text.hasPrefix("HTTP/1.1 \(status) ") && text.hasSuffix("\r\n\r\n" + answer))
      }
      await server.stop()
    }

    /// Returns the server's complete response to a POST.
    private func post(_ body: String, to address: ListeningAddress) async throws -> String {
      let head = "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
      return await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
          defer { close(number) }
          var target = sockaddr_in()
          target.sin_family = sa_family_t(AF_INET)
          target.sin_port = in_port_t(address.port).bigEndian
          target.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
          let isConnected = withUnsafePointer(to: target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
              connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
          }
          let request = Array((head + body).utf8)
          var answer: [UInt8] = []
          if isConnected, send(number, request, request.count, Int32(MSG_NOSIGNAL)) == request.count {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(number, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
          }
          continuation.resume(returning: String(decoding: answer, as: UTF8.self))
        }
      }
    }
  }
#endif
