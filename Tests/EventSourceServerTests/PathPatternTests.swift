import EventSourceServer
import Testing

@Suite struct PathPatternTests {
  @Test(
    arguments: [
      ("/", "/", [:]), ("/events", "/events", [:]), ("/events/", "/events/", [:]),
      ("/events/{channel}", "/events/news", ["channel": "news"]),
      ("/events/{channel}", "/events/a%2Fb", ["channel": "a/b"]),
      ("/events/{channel}", "/events/*", ["channel": "*"]),
      ("/events/{channel}", "/events/caf%C3%A9", ["channel": "café"]),
      ("/{a-1}/x/{b_2}", "/1/x/2", ["a-1": "1", "b_2": "2"]),
      ("/café", "/caf%C3%A9", [:]), ("/100%", "/100%25", [:]), ("/a:b", "/a:b", [:]), ("/a b", "/a%20b", [:]),
      ("/v1.0", "/v1.0", [:]), ("/...", "/...", [:]),
    ] as [(String, String, [String: String])])
  func aPathMatchesSegmentBySegment(pattern: String, path: String, parameters: [String: String]) throws {
    #expect(try PathPattern(pattern).match(path) == parameters)
  }

  @Test(arguments: [
    ("/events", "/events/"), ("/events", "/event"), ("/events", "/events/news"), ("/events", "/EVENTS"),
    ("/events/{channel}", "/events/"), ("/events/{channel}", "/events"), ("/events/{channel}", "/events/a/b"),
    ("/events/{channel}", "/events/%FF"), ("/events/{channel}", "/events/%2"), ("/", ""), ("/", "//"),
    ("/caf\u{E9}", "/cafe%CC%81"),
  ])
  func anotherPathDoesNot(pattern: String, path: String) throws {
    #expect(try PathPattern(pattern).match(path) == nil)
  }

  @Test(arguments: [
    ("/events/*", PathPatternError.foreignSyntax("*", pattern: "/events/*")),
    ("/events/**", .foreignSyntax("**", pattern: "/events/**")),
    ("/events/news*", .foreignSyntax("news*", pattern: "/events/news*")),
    ("/events/:channel", .foreignSyntax(":channel", pattern: "/events/:channel")),
    ("/events/<channel>", .foreignSyntax("<channel>", pattern: "/events/<channel>")),
    ("/events/{channel...}", .badParameter("{channel...}", pattern: "/events/{channel...}")),
    ("/events/{channel*}", .badParameter("{channel*}", pattern: "/events/{channel*}")),
    ("/events/{channel:[a-z]+}", .badParameter("{channel:[a-z]+}", pattern: "/events/{channel:[a-z]+}")),
    ("/events/{}", .badParameter("{}", pattern: "/events/{}")),
    ("/events/{ channel }", .badParameter("{ channel }", pattern: "/events/{ channel }")),
    ("/events/{channel", .badParameter("{channel", pattern: "/events/{channel")),
    ("/events/{channel}.json", .badParameter("{channel}.json", pattern: "/events/{channel}.json")),
    ("/{a}/{a}", .repeatedParameter("a", pattern: "/{a}/{a}")),
    ("/events?channel=news", .queryOrFragment(pattern: "/events?channel=news")),
    ("/events#top", .queryOrFragment(pattern: "/events#top")),
    ("/caf%C3%A9", .neverMatches("caf%C3%A9", pattern: "/caf%C3%A9")),
    ("/a%2fb", .neverMatches("a%2fb", pattern: "/a%2fb")),
    ("/a/../b", .neverMatches("..", pattern: "/a/../b")), ("/./a", .neverMatches(".", pattern: "/./a")),
    ("/events\n", .neverMatches("events\n", pattern: "/events\n")),
    ("", .noLeadingSlash("")), ("events", .noLeadingSlash("events")),
    ("https://example.org/events", .noLeadingSlash("https://example.org/events")),
  ])
  func aPatternThatCannotMatchIsRefused(pattern: String, error: PathPatternError) {
    #expect(throws: error) { try PathPattern(pattern) }
    #expect(!"\(error)".contains("\n"))
  }

  @Test func itsNamesAreKnown() {
    #expect(("/{tenant}/events/{channel}" as PathPattern).parameterNames == ["tenant", "channel"])
    #expect(("/events" as PathPattern).parameterNames.isEmpty)
  }
}
