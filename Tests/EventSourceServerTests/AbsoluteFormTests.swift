import EventSourceServer
import Testing

/// Tests of targets in absolute-form, which a server must accept (RFC 9112, 3.2.2).
@Suite struct AbsoluteFormTests {
  @Test(arguments: [
    ("http://a/events?x=1", "/events", "a"), ("HTTPS://a.example:8080/events", "/events", "a.example:8080"),
    ("http://a", "/", "a"), ("http://a?x=1", "/", "a"), ("http://[::1]:80/%2F", "/%2F", "[::1]:80"),
  ])
  func anAbsoluteFormIsReducedToItsPathAndQuery(target: String, path: String, authority: String) throws {
    let parts = try #require(RequestTarget(target))
    #expect(parts.path == path)
    #expect(parts.authority == authority)
    #expect(parts.values(of: "x") == (target.contains("?") ? ["1"] : []))
  }

  @Test(arguments: [
    "", "events", "*", "http://", "http:///events", "http:/events", "ftp://a/", "http://user@a/", "http://a,b/",
    "a:443", "http://a b/",
  ])
  func whatIsNeitherAPathNorAURLIsRefused(target: String) {
    #expect(RequestTarget(target) == nil)
  }

  @Test func aPathHasNoAuthority() {
    #expect(RequestTarget("/events")?.authority == nil)
    #expect(RequestTarget("//a/events")?.path == "//a/events")
  }
}
