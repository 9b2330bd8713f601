import ArgumentParser
import EventSourceClient
import Glibc

@main struct EventSourceTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eventsource",
    abstract: "Reads, serves, publishes and decodes event streams (Server-Sent Events).",
    discussion: """
      The exit status is 0 for success. Errors have the statuses of sysexits.h: 64 for a wrong command line, 65 for \
      invalid data, 66 for a missing file, 69 for a server that is unreachable or rejects the request, 74 for a file \
      that cannot be read or written, 76 for a response that is not an event stream, 77 for a missing permission. \
      Also, 130 after Ctrl-C, and 141 if the reader of the output has closed it.
      """,
    version: EventSource.userAgent.replacing("/", with: " "),
    subcommands: [Listen.self, Serve.self, Publish.self, Decode.self]
  )

  static func main() async {
    // Makes a write to a closed pipe fail instead of ending the program. Each writer handles the error.
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
