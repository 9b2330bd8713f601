#if HTTPTypes
  import EventSourceClient
  import EventSourceHTTPTypes
  import Foundation
  import HTTPTypes
  import Testing

  /// Tests of the conversions to and from the types of swift-http-types.
  @Suite struct HTTPTypesTests {
    @Test func aRequestKeepsItsParts() throws {
      var request = HTTPRequest(method: .post, scheme: "https", authority: "example.org:8443", path: "/a%20b?c=d")
      request.headerFields[.authorization] = "Bearer x"
      request.headerFields.append(HTTPField(name: .accept, value: "a"))
      request.headerFields.append(HTTPField(name: .accept, value: "b"))
      let made = try SubscriptionRequest(request, body: Array("body".utf8))
      #expect(made.url.absoluteString == "https://example.org:8443/a%20b?c=d" && made.method == "POST")
      #expect(made.headers.values(of: "accept") == ["a", "b"] && made.body == Array("body".utf8))
      let back = try HTTPRequest(made)
      #expect(back == request)
    }

    @Test(arguments: [("https", nil), (nil, "example.org")] as [(String?, String?)])
    func aRequestThatIsNoURLIsAnError(scheme: String?, authority: String?) {
      let request = HTTPRequest(method: .get, scheme: scheme, authority: authority, path: "/")
      let error = #expect(throws: SubscriptionError.self) { try SubscriptionRequest(request) }
      #expect(error?.code == .request)
    }

    @Test func whatCannotBeARequestIsAnError() throws {
      var wrong = SubscriptionRequest(URL(string: "http://x/")!, method: "G T")
      #expect(throws: SubscriptionError.self) { try HTTPRequest(wrong) }
      wrong = SubscriptionRequest(URL(string: "mailto:anna")!)
      #expect(throws: SubscriptionError.self) { try HTTPRequest(wrong) }
      let address = try HTTPRequest(SubscriptionRequest(URL(string: "http://[::1]:80")!))
      #expect(address.authority == "[::1]:80" && address.path == "/")
    }

    @Test func aHeadBecomesAResponse() {
      let headers = [HeaderField("Retry-After", "7"), HeaderField("not a token", "x")]
      let response = HTTPResponse(ResponseHead(status: 503, headers: headers, url: URL(string: "http://x/")!))
      #expect(response.status.code == 503 && response.headerFields[.retryAfter] == "7")
      #expect(response.headerFields.count == 1)
      for status in [-1, 5000] { _ = HTTPResponse(ResponseHead(status: status, url: URL(string: "http://x/")!)) }
    }
  }
#endif
