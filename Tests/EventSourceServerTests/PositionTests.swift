import EventSourceFormat
import EventSourceTesting
import Testing

@testable import EventSourceServer

@Suite struct PositionTests {
  @Test func aPositionIsReadBackAsItWasWritten() {
    let form = PositionForm(configured: "node1")
    for incarnation in [1, 31, 32, 1023, 1024, UInt64.max] {
      for number in [0, 1, 9, 10, UInt64.max] {
        let position = Position(incarnation: incarnation, number: number)
        #expect(form.position(in: form.text(position)) == position)
        #expect(form.text(position).utf8.count <= 32 + 1 + 8 + 13 + 1 + 20)
      }
    }
  }

  @Test func onlyOneSpellingIsAPosition() {
    let form = PositionForm(configured: nil)
    let prefix = form.prefix
    #expect(form.position(in: "\(prefix)1-7") == Position(incarnation: 1, number: 7))
    for text in [
      "", prefix, "\(prefix)1", "\(prefix)-7", "\(prefix)1-", "\(prefix)1-07", "\(prefix)01-7", "\(prefix)1-+7",
      "\(prefix)1-7 ", "\(prefix)1-7-8", "\(prefix)i-7", "\(prefix)1-18446744073709551616", "x\(prefix)1-7",
      "\(prefix.uppercased())1-7x",
    ] {
      #expect(form.position(in: text) == nil, "\(text)")
    }
  }

  @Test func twoHubsWithTheSameConfigurationHaveDifferentIDs() throws {
    let hubs = (0..<2).map { _ in EventHub(channels: ["a"], configuration: .test) }
    let ids = try hubs.map { try $0.publish("x", to: "a") }
    #expect(ids[0] != ids[1] && ids.allSatisfy { $0.rawValue.hasPrefix("test.") })
  }
}
