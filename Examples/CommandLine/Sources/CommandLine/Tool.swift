import ArgumentParser

/// Event streams from the shell.
@main struct Tool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eventsource",
    abstract: "Reads, serves, publishes and decodes event streams (Server-Sent Events).",
    discussion: """
      Exit codes: 0 it was done, 64 wrong usage, 65 wrong data, 69 the server cannot be reached or refuses, 74 a file \
      cannot be read or written, 130 Ctrl-C.
      """,
    subcommands: [Listen.self, Serve.self, Publish.self, Decode.self])
}
