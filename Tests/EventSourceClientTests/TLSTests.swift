import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests that connections that cannot be secured are errors of the transport, and that nothing is sent over them.
@Suite struct ClientTLSTests {
  @Test(arguments: TransportKind.allCases)
  func aPeerThatSpeaksNoTLSIsAnError(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: never\n\n")
      try connection.untilClosed()
    }
    let url = URL(string: "https://127.0.0.1:\(server.port)/")!
    let source = EventSource(url, configuration: .quick(), transport: transport.make())
    let (data, error) = try await readToEnd(source)
    #expect(data.isEmpty && error?.code == .transport && error?.underlying != nil)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aCertificateThatNobodyVouchesForIsAnError(transport: TransportKind) async throws {
    let server = try await SelfSignedServer()
    let url = URL(string: "https://localhost:\(server.port)/")!
    let source = EventSource(url, configuration: .quick(), transport: transport.make())
    let (data, error) = try await readToEnd(source)
    #expect(data.isEmpty && error?.code == .transport && error?.underlying != nil)
    server.stop()
  }
}

/// The server of openssl with a self-signed certificate. It responds to every request with a page.
private final class SelfSignedServer: Sendable {
  let port: Int
  private let process: Process
  private let input = Pipe()
  private let folder: URL

  init() async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (key, certificate) = (folder.appending(path: "key").path, folder.appending(path: "certificate").path)
    let making = Self.openssl([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
      certificate, "-subj", "/CN=localhost", "-days", "2",
    ])
    try making.run()
    making.waitUntilExit()
    try #require(making.terminationStatus == 0)

    let output = Pipe()
    process = Self.openssl(["s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate, "-www"])
    // Kept open, because the server ends with its input.
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // It prints "ACCEPT 127.0.0.1:PORT" when it listens.
    var said = ""
    while !said.hasSuffix("\n") || !said.contains("ACCEPT") {
      let piece = output.fileHandleForReading.availableData
      try #require(!piece.isEmpty, "openssl ended: \(said)")
      said += String(decoding: piece, as: UTF8.self)
    }
    port = try #require(said.firstMatch(of: #/ACCEPT .*:([0-9]+)/#).flatMap { Int($0.1) })
  }

  func stop() {
    // A process inherits the signals that threads of the tests block. This signal cannot be blocked.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  private static func openssl(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    return process
  }
}
