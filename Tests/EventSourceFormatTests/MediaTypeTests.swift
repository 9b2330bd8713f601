import EventSourceFormat
import Testing

@Suite struct MediaTypeTests {
  @Test(arguments: [
    ("text/event-stream", true), ("TEXT/Event-Stream", true), ("text/event-stream;", true),
    (" text/event-stream \t", true),
    ("text/event-stream; charset=utf-8", true), ("text/event-stream;charset=windows-1252", true),
    ("text/event-stream ; charset=\"utf-8\"", true), ("text/event-stream;;;x", true), ("text/event-streamx", false),
    ("text/event-stream-foo", false), ("text/x-bogus", false), ("x bogus", false), ("", false), ("text", false),
    ("text/", false), ("/event-stream", false), ("text/event stream", false), ("text /event-stream", false),
    ("text/event-stream, text/event-stream", false),
  ])
  func theEssenceDecides(text: String, isEventStream: Bool) {
    #expect((MediaType(text)?.isEventStream ?? false) == isEventStream)
  }

  @Test(arguments: [
    ("a/b;C=d", [("c", "d")]), ("a/b; c=d ; c=e", [("c", "d")]),
    ("a/b;c=\"d;\\\"e\"x;f=g", [("c", "d;\"e"), ("f", "g")]),
    ("a/b;c=\"open", [("c", "open")]), ("a/b;c=", []), ("a/b;c=\"\"", [("c", "")]), ("a/b;=d;e", []), ("a/b;c d=e", []),
  ])
  func parametersAreTakenApart(text: String, parameters: [(String, String)]) {
    let parsed = MediaType(text)?.parameters ?? []
    #expect(parsed.map(\.name) == parameters.map(\.0))
    #expect(parsed.map(\.value) == parameters.map(\.1))
  }

  @Test(arguments: [
    (["text/html", "text/event-stream"], "text/event-stream"), (["text/event-stream, text/html"], "text/html"),
    (["text/event-stream, nonsense"], "text/event-stream"),
    (["text/event-stream;x=\"a,text/html\""], "text/event-stream"),
    (["text/event-stream", "*/*"], "text/event-stream"), (["text/event-stream;x=\"a\\\",b\", a/b"], "a/b"),
  ])
  func ofSeveralTheLastThatIsOneCounts(values: [String], essence: String) {
    #expect(MediaType(contentTypeFields: values)?.essence == essence)
  }

  @Test func noneIsNone() {
    #expect(MediaType(contentTypeFields: []) == nil)
    #expect(MediaType(contentTypeFields: ["", "nonsense", "*/*"]) == nil)
  }
}
