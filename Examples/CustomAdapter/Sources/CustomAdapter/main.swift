// A server with an HTTP stack of its own: GET /events/{channel} is an event stream, anything else says hello.
//   swift run CustomAdapter [PORT]
import EventSourceServer
import Glibc
import TinyEventStreams
import TinyHTTP

let hub = EventHub(channels: ["clock"])
let handler = EventStreamHandler(hub)
let server = try TinyServer(port: CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080)
let streams = EventStreams(server, hub: hub)
server.onRequest = { request, connection in
  guard !streams.serve(request, on: connection, with: handler, at: "/events/{channel}") else { return }
  connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n".utf8)
  connection.finish()
}
// Detached, because the main actor's thread is the server's.
Task.detached {
  for number in 1... {
    try hub.publish("tick \(number)", to: "clock")
    try await Task.sleep(for: .seconds(1))
  }
}
print("curl -N http://127.0.0.1:\(server.port)/events/clock")
fflush(nil)
server.run()
