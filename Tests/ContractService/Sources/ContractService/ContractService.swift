import EventSourceAsyncHTTPClient
import EventSourceBuiltInServer
import EventSourceClient
import EventSourceServer
import Foundation

/// A program for test suites of clients. A suite specifies over HTTP which streams to read, and the program reports
/// what happens by callbacks.
///
///     ContractService --transport urlsession|asynchttpclient|curl [--port N]
@main struct ContractService {
  private static let capabilities = [
    "bom", "comments", "headers", "last-event-id", "post", "read-timeout", "report", "restart",
    "server-directed-shutdown-request",
  ]

  static func main() async throws {
    let options = options(CommandLine.arguments.dropFirst())
    let transport: any EventSourceTransport
    switch options["--transport"] {
    case "curl": transport = CurlTransport()
    case "urlsession": transport = URLSessionTransport()
    case "asynchttpclient": transport = AsyncHTTPClientTransport()
    default: usage()
    }
    guard let port = UInt16(options["--port"] ?? "8000") else { usage() }
    var configuration = BuiltInServer.Configuration()
    configuration.port = Int(port)
    let server = BuiltInServer(configuration: configuration)
    let streams = DrivenStreams(transport: transport)

    server.route("GET", at: "/") { _ in
      .json(String(decoding: try JSONEncoder().encode(["capabilities": capabilities]), as: UTF8.self))
    }
    server.route("POST", at: "/") { request in
      do {
        let id = try streams.create(JSONDecoder().decode(StreamOptions.self, from: Data(request.body)))
        return BuiltInResponse(status: 201, fields: [HeaderField("Location", "/streams/\(id)")])
      } catch {
        return .text("a stream cannot be made of that: \(reason(error))\n", status: 400)
      }
    }
    server.route("POST", at: "/streams/{id}") { request in
      guard let stream = streams[request.pathParameters["id"]] else {
        return .text("there is no such stream\n", status: 404)
      }
      let command = try? JSONDecoder().decode(Command.self, from: Data(request.body))
      switch command?.command {
      case "restart": stream.source.restart()
      // Events of all types are reported anyway.
      case "listen" where command?.listen != nil: break
      default: return .text("a command is \"restart\", or \"listen\" with a type\n", status: 400)
      }
      return .status(202)
    }
    server.route("DELETE", at: "/streams/{id}") { request in
      guard let stream = streams.remove(request.pathParameters["id"]) else {
        return .text("there is no such stream\n", status: 404)
      }
      stream.source.close()
      return .status(204)
    }
    let quit = AsyncStream<Void>.makeStream()
    server.route("DELETE", at: "/") { _ in
      quit.continuation.yield()
      return .status(204)
    }
    print("Listening on \(try server.start().url)")
    fflush(nil)
    for await _ in quit.stream { break }
    streams.closeAll()
    await server.stop(drainingOver: .zero)
  }

  private static func options(_ arguments: ArraySlice<String>) -> [String: String] {
    var options: [String: String] = [:]
    var rest = arguments
    while let name = rest.popFirst() {
      guard ["--transport", "--port"].contains(name), let value = rest.popFirst() else { usage() }
      options[name] = value
    }
    return options
  }

  private static func usage() -> Never {
    FileHandle.standardError.write(
      Data("usage: ContractService --transport urlsession|asynchttpclient|curl [--port N]\n".utf8))
    exit(64)
  }

  /// One line.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as SubscriptionError: error.description
    case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
    case DecodingError.typeMismatch(_, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is wrong"
    default: "it is no JSON of a stream"
    }
  }
}

/// A command of a suite to a stream.
private struct Command: Decodable {
  struct Listen: Decodable { var type: String }

  var command: String
  var listen: Listen?
}
