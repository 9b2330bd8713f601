import Dispatch
import EventSourceBuiltInServer
import EventSourceSQLite
import EventSourceServer
import Glibc

/// A message wall with a history in a file: end the program in any way, start it again, and readers go on where they
/// were. Usage: DurableHistory [FILE [PORT]]
@main struct DurableHistory {
  static func main() async {
    let arguments =
      CommandLine.arguments.dropFirst() + ["history.db", "8080"].dropFirst(CommandLine.arguments.count - 1)
    guard arguments.count == 2, let file = arguments.first, let port = arguments.last.flatMap({ UInt16($0) }) else {
      stop("usage: DurableHistory [FILE [PORT]]", status: 64)
    }
    do {
      var history = SQLiteEventRepository.Configuration()
      history.retention.maximumEvents = 10_000
      let repository = try SQLiteEventRepository(path: file, configuration: history)

      // A channel that has a recording repository: what is published is in the file before any reader sees it.
      let hub = EventHub()
      hub.setRepository(repository, for: "wall")

      var configuration = BuiltInServer.Configuration()
      configuration.port = Int(port)
      let server = BuiltInServer(configuration: configuration)
      server.mount(EventStreamHandler(hub), at: "/events/{channel}")
      server.route("POST", at: "/publish/wall") { request in
        do {
          return .text("\(try await hub.publish(request.text, to: "wall", waitingUntil: .stored))\n", status: 202)
        } catch let error as SQLiteHistoryError {
          // The disk is full, or the file is locked: nothing was published, and the publisher may try again.
          return .text("\(error)\n", status: 503)
        }
      }

      let url = try server.start().url
      print(
        """
        Listening on \(url), with the history in \(file)

          read      curl -N \(url)/events/wall
          publish   curl -d 'Hello, everyone' \(url)/publish/wall
          resume    curl -N -H 'Last-Event-ID: <what publishing printed>' \(url)/events/wall
        """)
      fflush(nil)

      await interruption()
      await server.stop(drainingOver: .milliseconds(500))
      await repository.close()
    } catch {
      stop("\(error)", status: 1)
    }
  }

  /// Ctrl-C.
  private static func interruption() async {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    await withCheckedContinuation { interrupted in
      source.setEventHandler {
        source.cancel()
        interrupted.resume()
      }
      source.resume()
    }
  }

  private static func stop(_ message: String, status: Int32) -> Never {
    let line = "durable-history: \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(status)
  }
}
