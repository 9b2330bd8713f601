import EventSourceClient
import Foundation
import Testing

/// Tests of compressed responses: several members, damage, and content that inflates endlessly.
@Suite struct CompressedContentTests {
  private func read(
    _ transport: TransportKind, _ coding: String, _ content: [UInt8]
  ) async throws -> (data: [String], error: SubscriptionError?) {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head("Content-Encoding: \(coding)\r\n")
      try connection.write(content)
    }
    defer { server.stop() }
    let configuration = EventSource.Configuration.quick { $0.mode = .singleResponse }
    return try await readToEnd(EventSource(server.url, configuration: configuration, transport: transport.make()))
  }

  /// Compresses a text with an external program.
  private func gzip(_ text: String) throws -> [UInt8] {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-c"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    return bytes
  }

  @Test(arguments: TransportKind.allCases.filter(\.standsAgainstAll))
  func membersFollowEachOther(transport: TransportKind) async throws {
    let members = try (1...3).flatMap { try gzip("data: \($0)\n\n") }
    for coding in ["gzip", "x-gzip", "GZIP", "identity, gzip"] {
      let (data, error) = try await read(transport, coding, members + [0, 0])
      #expect(data == ["1", "2", "3"] && error == nil)
    }
  }

  @Test(arguments: TransportKind.allCases.filter(\.standsAgainstAll))
  func deflateMayHaveAHeaderOrNone(transport: TransportKind) async throws {
    // "data: x\n\n", first as a bare stored block.
    let text = Array("data: x\n\n".utf8)
    let bare = [1, UInt8(text.count), 0, ~UInt8(text.count), 255] + text
    #expect(try await read(transport, "deflate", bare).data == ["x"])
    let checksum = text.reduce(into: (a: UInt32(1), b: UInt32(0))) { sums, byte in
      sums.a = (sums.a + UInt32(byte)) % 65_521
      sums.b = (sums.b + sums.a) % 65_521
    }
    let tail = [checksum.b >> 8, checksum.b & 255, checksum.a >> 8, checksum.a & 255].map { UInt8($0) }
    #expect(try await read(transport, "deflate", [0x78, 0x9C] + bare + tail).data == ["x"])
  }

  @Test(arguments: TransportKind.allCases.filter(\.standsAgainstAll))
  func contentThatIsDamagedOrBreaksOffIsNotComplete(transport: TransportKind) async throws {
    let whole = try gzip("data: x\n\n")
    for content in [Array(whole.dropLast()), Array(whole.dropLast(9)), whole + [1], [0x1F, 0x8B, 9, 9], [7, 7, 7]] {
      #expect(try await read(transport, "gzip", content).error?.code == .transport)
    }
    #expect(try await read(transport, "br", whole).error?.code == .transport)
    #expect(try await read(transport, "gzip", []).error == nil)
  }

  @Test(arguments: TransportKind.allCases.filter(\.standsAgainstAll))
  func whatInflatesWithoutEndWaitsCompressed(transport: TransportKind) async throws {
    // 1 MiB of zeros in a kilobyte, repeatedly: a line that never ends.
    let bomb = try gzip(String(repeating: "x", count: 1 << 20))
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head("Content-Encoding: gzip\r\n")
      while true { try connection.write(bomb) }
    }
    let response = try await transport.make().send(SubscriptionRequest(server.url))
    var received = 0
    while received < 64 << 20 {
      let piece = try #require(try await response.body.next())
      // It is inflated piece by piece as it is read.
      #expect(piece.count <= 32 << 10)
      received += piece.count
    }
    response.body.cancel()
    let error = try await readToEnd(
      EventSource(server.url, configuration: .quick(), transport: transport.make())
    ).error
    #expect(error?.code == .tooLarge)
    server.stop()
  }
}
