import EventSourceFormat
import Testing

@testable import EventSourceServer

@Suite struct CompositeEventIDTests {
  private func writer(
    _ claims: [(ChannelName, ChannelClaim)], maximumBytes: Int = 4096
  ) -> CompositeIDWriter {
    var writer = CompositeIDWriter(maximumBytes: maximumBytes)
    for (index, (name, claim)) in claims.enumerated() { writer.append(name, idPrefix: "life\(index)-", claim) }
    return writer
  }

  private func text(_ writer: CompositeIDWriter) -> String { String(decoding: writer.text, as: UTF8.self) }

  @Test func whatIsWrittenIsReadBack() throws {
    let names: [ChannelName] = [
      "news", "a:b,c%", "~tilde", "é", ChannelName(stringLiteral: String(repeating: "n", count: 255)),
    ]
    let claims: [ChannelClaim] = [
      .number(17), .own("own, with: 100 %", number: 3), .beginning, .own("é", number: nil), .number(0),
    ]
    let written = text(writer(Array(zip(names, claims))))
    let read = try #require(CompositeEventID(parsing: written))
    #expect(names.map { read[$0.rawValue] } == ["life0-17", "own, with: 100 %", "", "é", "life4-0"])
    #expect(read["other"] == nil)
  }

  @Test func aChannelOfWhichNothingIsKnownIsLeftOut() throws {
    #expect(text(writer([("a", .unknown), ("b", .number(1))])) == "*b:life1-1")
    let nothing = text(writer([("a", .unknown), ("b", .unknown)]))
    #expect(nothing == "*")
    #expect(try #require(CompositeEventID(parsing: nothing))["a"] == nil)
  }

  @Test func twoSpellingsOfOneTextAreTwoIDs() {
    var composite = writer([("a", .own("\u{E9}", number: 1))])
    composite.replace(0, by: .own("e\u{301}", number: 1))
    #expect(text(composite) == "*a:e%CC%81")
  }

  @Test func replacingOneIsAsIfItHadBeenWrittenAnew() {
    let claims: [ChannelClaim] = [
      .number(1), .number(9), .number(10), .number(99), .number(100), .own("x", number: 101), .unknown, .number(7),
      .beginning,
      .number(12_345_678_901_234_567_890), .number(0),
    ]
    for first in claims {
      for second in claims {
        for other in claims {
          var moved = writer([("a", first), ("b", other), ("c", .number(5))])
          moved.replace(0, by: second)
          #expect(text(moved) == text(writer([("a", second), ("b", other), ("c", .number(5))])))
        }
      }
    }
  }

  @Test func sixteenChannelsWithTheLongestNamesFitIntoTheDefault() throws {
    let names = (0..<16).map { number in
      ChannelName(stringLiteral: String(repeating: "あ", count: 84) + String(UnicodeScalar(UInt8(65 + number))))
    }
    let long = EventID(stringLiteral: String(repeating: "é", count: 512))
    for claim in [ChannelClaim.number(.max), .own(long.rawValue, number: 4)] {
      let written = text(writer(names.map { ($0, claim) }))
      #expect(written.utf8.count <= EventStreamHandler.Configuration().maximumLastEventIDBytes)
      let read = try #require(CompositeEventID(parsing: written))
      for name in names { #expect(read[name.rawValue]?.hasPrefix("life") == true) }
    }
  }

  @Test func itIsNeverLongerThanTheEndpointTakesBack() {
    for maximum in 1...200 {
      let claims: [(ChannelName, ChannelClaim)] = [
        ("news", .number(123)), ("sports", .own("abc def", number: 1)), ("weather", .number(4_567_890)),
      ]
      let written = text(writer(claims, maximumBytes: maximum))
      #expect(written.utf8.count <= maximum)
      #expect(CompositeEventID(parsing: written) != nil)
    }
  }

  @Test func whatIsNotOneIsNotTakenApart() {
    for text in ["", "news:17", "*news", "*news:1:2", "*:1", "*a:1,a:2", "*a:%4", "*a:%00", "*a:%0A", "*a:1,", "*,"] {
      #expect(CompositeEventID(parsing: text) == nil, "\(text)")
    }
    let many = "*" + (0..<300).map { "c\($0):1" }.joined(separator: ",")
    #expect(CompositeEventID(parsing: many) == nil)
  }
}
