import EventSourceServer
import Testing

@testable import EventSourceTesting

extension OverASocket {
  @Suite struct ContractViolationTests {
    private struct Harness: AdapterHarness {
      func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter { try ForgetfulServer(handler) }
    }

    @Test func aForgottenCallOfBecameWritableIsTheReasonInTheViolation() async throws {
      let check = AdapterContract.Check("all bytes arrive", { $0.stallTimeout = .milliseconds(100) }) { scene in
        let stream = try ClientStream(port: scene.port)
        try stream.readHead()
        let expected = try scene.publish(100, dataBytes: 100)
        try stream.readBody(atLeast: expected.count)
      }
      let violation = try await #require(throws: ContractViolation.self) { try await check.verify(Harness()) }
      #expect(violation.description.hasPrefix("all bytes arrive: the connection ended"), "\(violation)")
      #expect(
        violation.description.hasSuffix(
          "; a write accepted fewer bytes than offered, and becameWritable() was not called within 0.1 seconds"),
        "\(violation)")
    }
  }
}
