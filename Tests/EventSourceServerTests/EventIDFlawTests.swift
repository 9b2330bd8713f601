import EventSourceFormat
import EventSourceServer
import Testing

/// Tests which IDs a reader can send back, and the flaws reported for the others.
@Suite struct EventIDFlawTests {
  private func flaw(_ bytes: [UInt8], maximumBytes: Int = EventID.maximumReturnableBytes) throws -> EventIDFlaw? {
    try flaw(EventID(String(decoding: bytes, as: UTF8.self)), maximumBytes: maximumBytes)
  }

  private func flaw(_ id: EventID, maximumBytes: Int = EventID.maximumReturnableBytes) -> EventIDFlaw? {
    do {
      try id.checkReturnable(maximumBytes: maximumBytes)
      return nil
    } catch {
      return error
    }
  }

  private static let a = UInt8(ascii: "a")

  @Test func everyASCIICharacterIsJudgedAtEachPlace() throws {
    for byte in UInt8(1)..<0x80 where byte != 10 && byte != 13 {
      let isControl = byte < 0x20 || byte == 0x7F
      let isSpace = byte == 0x20 || byte == 0x09
      let inside: EventIDFlaw? = isControl ? .controlCharacter(offset: 2) : nil
      #expect(try flaw([Self.a, Self.a, byte, Self.a]) == inside, "\(byte) inside")
      let first: EventIDFlaw? =
        isSpace ? .outerSpace : byte == 0x2A ? .reservedForm : isControl ? .controlCharacter(offset: 0) : nil
      #expect(try flaw([byte, Self.a]) == first, "\(byte) first")
      #expect(try flaw([byte]) == first, "\(byte) alone")
      let last: EventIDFlaw? = isSpace ? .outerSpace : isControl ? .controlCharacter(offset: 1) : nil
      #expect(try flaw([Self.a, byte]) == last, "\(byte) last")
    }
  }

  @Test func everyCharacterBeyondASCIICanBeBroughtBack() throws {
    for value in 0x80...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var text = ""
      text.unicodeScalars.append(scalar)
      try EventID(text).checkReturnable()
    }
  }

  @Test func theOffsetCountsBytes() {
    #expect(flaw("é👋\u{1}") == .controlCharacter(offset: 6))
  }

  @Test func anIDWithoutBytesIsRefused() {
    #expect(flaw("") == .empty)
    #expect(flaw("", maximumBytes: -1) == .empty)
  }

  @Test func lengthIsCountedInBytes() throws {
    #expect(EventID.maximumReturnableBytes == 1024)
    #expect(try flaw(Array(repeating: Self.a, count: 1024)) == nil)
    #expect(try flaw(Array(repeating: Self.a, count: 1025)) == .tooLong(bytes: 1025, limit: 1024))
    #expect(flaw("éé", maximumBytes: 4) == nil)
    #expect(flaw("éé", maximumBytes: 3) == .tooLong(bytes: 4, limit: 3))
    for limit in [0, -1, Int.min] { #expect(flaw("a", maximumBytes: limit) == .tooLong(bytes: 1, limit: limit)) }
    #expect(try flaw(Array(repeating: Self.a, count: 100_000), maximumBytes: .max) == nil)
  }

  @Test func ofSeveralFlawsTheFirstDeclaredIsSaid() {
    #expect(flaw("* \u{1} ", maximumBytes: 3) == .tooLong(bytes: 4, limit: 3))
    #expect(flaw("* \u{1} ") == .reservedForm)
    #expect(flaw("\u{1} ") == .outerSpace)
    #expect(flaw("a\u{1}\u{2}") == .controlCharacter(offset: 1))
  }

  @Test(arguments: [
    EventIDFlaw.empty, .tooLong(bytes: 2000, limit: 1024), .reservedForm, .outerSpace, .controlCharacter(offset: 7),
  ])
  func eachFlawIsDescribedInOneLine(_ flaw: EventIDFlaw) {
    let text = flaw.description
    #expect(text.hasPrefix("the event's ID ") && !text.contains("\n") && text.utf8.count <= 120)
  }

  @Test func theDescriptionNamesTheNumbers() {
    let tooLong = EventIDFlaw.tooLong(bytes: 2000, limit: 1024).description
    #expect(tooLong.contains("2000") && tooLong.contains("1024"))
    #expect(EventIDFlaw.controlCharacter(offset: 7).description.contains("byte 7"))
  }
}
