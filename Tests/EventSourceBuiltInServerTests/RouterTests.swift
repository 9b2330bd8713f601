import EventSourceServer
import Testing

@testable import EventSourceBuiltInServer

struct RouterTests {
  private func describe(_ match: Router.Match) -> String {
    switch match {
    case .mount(_, let channels): "mount \(channels)"
    case .route(_, let parameters): "route \(parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
    case .runs(_, let run): "runs \(run ?? "")"
    case .methodNotAllowed(let allowed): "not \(allowed)"
    case .notFound: "nothing"
    }
  }

  private func match(_ router: Router, _ method: String, _ path: String) -> String {
    describe(router.match(method: method, path: path))
  }

  @Test func theFirstThatMatchesServes() {
    var router = Router()
    router.route("POST", "/events/{channel}", Route { _ in .status(204) })
    router.mount(EventStreamHandler(EventHub()), at: "/events/{channel}")
    router.mount(EventStreamHandler(EventHub()), at: "/all")
    #expect(match(router, "POST", "/events/a%2Fb") == #"route ["channel=a/b"]"#)
    #expect(match(router, "GET", "/events/a%2Fb") == #"mount ["a/b"]"#)
    #expect(match(router, "PUT", "/all") == "mount []")
    #expect(match(router, "GET", "/events") == "nothing")
  }

  @Test func aPathWithoutTheMethodSaysWhichItHas() {
    var router = Router()
    router.route("GET", "/a", Route { _ in .status(204) })
    router.route("POST", "/a", Route { _ in .status(204) })
    #expect(match(router, "HEAD", "/a") == "route []")
    #expect(match(router, "PUT", "/a") == #"not ["GET", "HEAD", "POST", "OPTIONS"]"#)
    #expect(match(router, "get", "/a") == #"not ["GET", "HEAD", "POST", "OPTIONS"]"#)
  }
}
