import EventSourceBuiltInServer
import EventSourceServer
import Glibc

/// Live figures of this machine and a message wall, as event streams: the whole of a server with EventSourceKit.
@main struct Quickstart {
  static func main() async {
    let options: Options
    do {
      options = try Options(CommandLine.arguments.dropFirst())
    } catch {
      stop("\(error.message)\n\(Options.usage)", status: 64)
    }
    if options.wantsHelp { return print(Options.usage) }

    var configuration = EventHub.Configuration()
    configuration.retention.maximumEvents = 100
    let hub = EventHub(channels: ["machine", "wall"], configuration: configuration)
    let server = makeServer(hub: hub, options)
    let interruptions = Interruptions()
    do {
      announce(try server.start())
    } catch {
      stop("\(error)", status: 1)
    }

    let sampling = Task { await publishMachine(to: hub) }
    await interruptions.first()
    print("\nstopping: every stream gets what is published, and the end")
    fflush(nil)
    sampling.cancel()
    await server.stop(drainingOver: .milliseconds(500))
    exit(0)
  }

  private static func announce(_ address: ListeningAddress) {
    let base = address.url
    print(
      """
      Listening on \(base)

        open      \(base)
        or type   curl -N \(base)/events/machine
                  curl -N \(base)/events/wall
                  curl -d 'Hello, everyone' \(base)/publish/wall
                  curl \(base)/stats

      Ctrl-C stops.
      """
    )
    fflush(nil)
  }

  /// Publishes the machine's figures as soon as there are any, and then every second.
  private static func publishMachine(to hub: EventHub) async {
    var sampler = MachineSampler()
    var next = ContinuousClock.now + .milliseconds(200)
    // What throws is the sleep, when the task is canceled: the channel exists, and the event is small.
    while (try? await Task.sleep(until: next, clock: .continuous)) != nil {
      _ = try? hub.publish(sampler.sample(), to: "machine")
      next = max(next + .seconds(1), .now)
    }
  }

  private static func stop(_ message: String, status: Int32) -> Never {
    let line = "quickstart: \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(status)
  }
}
