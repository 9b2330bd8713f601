import ArgumentParser
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Posts events to a server that publishes what is posted.
struct Publish: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publishes to a server by POST: an argument, a file, or the lines of standard input.",
    discussion: "Prints what the server answers, which is the ID of each event for `eventsource serve`.")

  @Argument(help: "Where to post, such as http://127.0.0.1:8080/publish/news.")
  var url: String

  @Argument(help: "The event's data; without it and --file, each line of standard input is an event.")
  var data: String?

  @Option(help: "A file with the event's data.")
  var file: String?

  func validate() throws {
    if data != nil, file != nil { throw ValidationError("an event's data is an argument or a file, not both") }
  }

  func run() async throws {
    let url = try Failure.url(url)
    if let data {
      try await post(Data(data.utf8), to: url)
    } else if let file {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw Failure.exit(Failure.inputOutput, "\"\(file)\" cannot be read")
      }
      try await post(data, to: url)
    } else {
      while let line = readLine() { try await post(Data(line.utf8), to: url) }
    }
  }

  private func post(_ data: Data, to url: URL) async throws {
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.httpBody = data
    request.setValue("text/plain; charset=utf-8", forHTTPHeaderField: "Content-Type")
    let answer: (body: Data, response: URLResponse)
    do {
      answer = try await URLSession.shared.data(for: request)
    } catch {
      throw Failure.exit(Failure.unavailable, "\(url) cannot be reached: \(error.localizedDescription)")
    }
    let text = String(decoding: answer.body.prefix(1000), as: UTF8.self).trimmingCharacters(in: .newlines)
    let status = (answer.response as? HTTPURLResponse)?.statusCode ?? 0
    guard (200..<300).contains(status) else {
      throw Failure.exit(Failure.unavailable, "\(url) answered \(status): \(text)")
    }
    if !text.isEmpty { Output().line(text) }
  }
}
