import EventSourceServer
import Foundation

/// A server for hostile peers: small limits, short times, streams of every kind, and two routes of its own.
///
///     HostileServer builtin|evhttp
///
/// It says where it listens, and publishes when its standard input says `go`. `pause` stops that, and is answered with
/// how many events there are. `empty` forgets every channel and history, so that what is in memory then belongs to
/// nobody; `state` tells how much that is. SIGTERM ends it.
///
///     GET  /events?channel=a&channel=b    a has a history beside its log; b, c and d have their logs
///     GET  /all?channel=a&channel=b       the same, from the beginning
///     GET  /private/{channel}?token=T     as the authorizer makes of the token
///     GET  /ping                          pong
///     POST /echo                          the body
@main struct HostileServer {
  static func main() async throws {
    signal(SIGPIPE, SIG_IGN)
    let feed = Feed()
    let endpoints = Endpoints(feed.hub)
    Thread.detachNewThread { obey(feed) }
    let publishing = Task { await feed.publish() }
    switch CommandLine.arguments.dropFirst().first {
    case "builtin": try await BuiltInStack(endpoints).run { say("listening \($0)") }
    case "evhttp": try await EvhttpStack(endpoints).run { say("listening \($0)") }
    default:
      print("usage: HostileServer builtin|evhttp")
      exit(64)
    }
    publishing.cancel()
    await publishing.value
    let ended = feed.hub.statistics.ended.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: " ")
    say("ended \(ended)")
  }

  private static func obey(_ feed: Feed) {
    while let command = readLine() {
      switch command {
      case "go": feed.resume()
      case "pause": feed.pause()
      case "empty":
        feed.empty()
        say("emptied")
      case "state":
        let now = feed.hub.statistics
        say("readers \(now.readers) held \(now.heldBytes) heap \(HeapMemory.bytesInUse)")
      default: say("there is no \(command)")
      }
    }
  }
}

/// Prints a line at once. Not by the library's streams, of which the thread that reads holds a lock.
func say(_ line: String) {
  _ = "\(line)\n".withCString { write(STDOUT_FILENO, $0, strlen($0)) }
}
