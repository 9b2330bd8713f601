import ArgumentParser
import EventSourceClient
import Glibc

@main struct EventSourceTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eventsource",
    abstract: "Reads, serves, publishes and decodes event streams (Server-Sent Events).",
    discussion: """
      The exit status is 0 when all went well, and otherwise one of sysexits.h: 64 for a mistake on the command line, \
      65 for bad data, 66 for a missing file, 69 for a server that cannot be reached or refuses, 74 for a file that \
      cannot be read or written, 76 for a server that sends something else, 77 for a missing permission; 130 after \
      Ctrl-C, 141 when nobody reads the output any more.
      """,
    version: EventSource.userAgent.replacing("/", with: " "),
    subcommands: [Listen.self, Serve.self, Publish.self, Decode.self]
  )

  static func main() async {
    // A write to a pipe that nobody reads fails instead, and is handled where it happens.
    signal(SIGPIPE, SIG_IGN)
    do {
      try Suggestion.check(CommandLine.arguments.dropFirst().first)
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
    } catch let failure as Failure {
      complain(failure.message)
      Glibc.exit(failure.status.rawValue)
    } catch {
      exit(withError: error)
    }
  }
}
