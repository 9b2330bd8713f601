import Foundation
import Testing

@testable import EventSourceClient

/// Tests which cookies a source keeps and where it sends them, over every transport.
@Suite struct CookieTests {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  private func jar(_ fields: [String], from url: String = "https://www.example.org/a/b") -> CookieJar {
    var jar = CookieJar()
    let headers = fields.map { HeaderField("set-cookie", $0) }
    jar.take(ResponseHead(status: 200, headers: headers, url: URL(string: url)!), at: now)
    return jar
  }

  private func sent(_ jar: CookieJar, to url: String, after seconds: Double = 0, own: String? = nil) -> String? {
    var request = SubscriptionRequest(URL(string: url)!, headers: own.map { [HeaderField("cookie", $0)] } ?? [])
    jar.add(to: &request, at: now + seconds)
    return request.headers.values(of: "Cookie").first
  }

  @Test(
    arguments: [
      ("a=1", "https://www.example.org/a/c", "a=1"), ("a=1", "https://www.example.org/a", "a=1"),
      ("a=1", "https://www.example.org/ab", nil), ("a=1", "https://www.example.org/", nil),
      ("a=1; Path=/", "https://www.example.org", "a=1"), ("a=1; Path=/a/b/", "https://www.example.org/a/b", nil),
      ("a=1; path=x", "https://www.example.org/a/b", "a=1"), ("a=1", "https://example.org/a/b", nil),
      ("a=1; Domain=example.org", "https://other.example.org/a/b", "a=1"),
      ("a=1; Domain=.EXAMPLE.org", "https://example.org/a/b", "a=1"),
      ("a=1; Domain=example.org", "https://badexample.org/a/b", nil),
      ("a=1; Domain=other.org", "https://other.org/a/b", nil), ("a=1; Domain=org", "https://x.org/a/b", nil),
      ("a=1; Secure", "https://www.example.org/a/b", "a=1"), ("a=1; Secure", "http://www.example.org/a/b", nil),
      ("a=1", "http://www.example.org:8080/a/b", "a=1"), ("a=", "https://www.example.org/a/b", "a="),
      (" a = 1=2 ; HttpOnly", "https://www.example.org/a/b", "a=1=2"), ("=1", "https://www.example.org/a/b", nil),
      ("1", "https://www.example.org/a/b", nil), ("a=1\u{1}", "https://www.example.org/a/b", nil),
      ("a=\(String(repeating: "x", count: 4096))", "https://www.example.org/a/b", nil),
    ] as [(String, String, String?)])
  func aCookieIsSentWhereItBelongs(field: String, url: String, expected: String?) {
    #expect(sent(jar([field]), to: url) == expected)
  }

  @Test(
    arguments: [
      ("Max-Age=10", 9.0, true), ("Max-Age=10", 10, false), ("Max-Age=0", 0, false), ("Max-Age=-1", 0, false),
      ("Max-Age=x", 1e9, true), ("Max-Age=99999999999999999999999", 399.0 * 86_400, true),
      ("Max-Age=99999999999999999999999", 401.0 * 86_400, false),
      ("Expires=Fri, 15 Jan 2027 08:00:10 GMT", 9, true), ("Expires=Fri, 15 Jan 2027 08:00:10 GMT", 11, false),
      ("Expires=Friday, 15-Jan-27 08:00:10 GMT", 11, false), ("Expires=Fri Jan 15 08:00:10 2027", 11, false),
      ("Expires=Thu, 01-Jan-1970 00:00:00 GMT", 0, false), ("Expires=never", 1e9, true),
      ("Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=10", 9, true),
    ] as [(String, Double, Bool)])
  func aCookieEndsWhenItSays(attributes: String, seconds: Double, isSent: Bool) {
    let jar = jar(["a=1; \(attributes)"])
    #expect(sent(jar, to: "https://www.example.org/a/b", after: seconds) == (isSent ? "a=1" : nil))
  }

  @Test func aLaterOneTakesThePlaceOfAnEarlierOneAndThereAreAtMostFifty() {
    var jar = jar(["a=1", "b=2", "a=3", "b=; Max-Age=0"])
    #expect(sent(jar, to: "https://www.example.org/a/b") == "a=3")
    for number in 1...100 {
      let fields = [HeaderField("Set-Cookie", "n\(number)=\(number)")]
      jar.take(ResponseHead(status: 200, headers: fields, url: URL(string: "https://www.example.org/a/b")!), at: now)
    }
    #expect(jar.cookies.map(\.name) == (51...100).map { "n\($0)" })
  }

  @Test func valuesThatFoundationHasJoinedAreTakenApart() {
    let jar = jar(["a=1; Expires=Fri, 15 Jan 2027 08:00:10 GMT, b=2; Path=/, c=3"])
    #expect(jar.cookies.map(\.name) == ["a", "b", "c"])
    #expect(sent(jar, to: "https://www.example.org/a/b") == "a=1; c=3; b=2")
  }

  @Test func theRequestsOwnCookiesAreSentBesideThem() {
    let jar = jar(["a=1"])
    #expect(sent(jar, to: "https://www.example.org/a/b", own: "x=y; a=0") == "x=y; a=1")
    #expect(sent(jar, to: "https://elsewhere.org/a/b", own: "x=y; a=0") == "x=y; a=0")
  }

  @Test(arguments: TransportKind.allCases, [true, false])
  func theyAreKeptOverReconnectsAndRedirectsWhenAskedFor(transport: TransportKind, keepsCookies: Bool) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status("307 Here", "Set-Cookie: login=x; Path=/\r\nSet-Cookie: place=1\r\nLocation: /other\r\n")
      },
      { connection in
        try connection.request()
        try connection.head("Set-Cookie: place=2; Max-Age=60\r\n")
        try connection.write("data: x\n\n")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: y\n\n")
        try connection.untilClosed()
      })
    let configuration = EventSource.Configuration.quick { $0.keepsCookies = keepsCookies }
    let source = EventSource(server.url, configuration: configuration, transport: transport.make())
    _ = try await within { try await source.events.first { $0.data == "y" } }
    let cookies = server.requests.map { $0.values(of: "Cookie").first }
    #expect(cookies == (keepsCookies ? [nil, "login=x; place=1", "login=x; place=2"] : [nil, nil, nil]))
    server.stop()
  }
}
