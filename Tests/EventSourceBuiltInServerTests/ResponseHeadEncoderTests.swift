import EventSourceServer
import Testing

@testable import EventSourceBuiltInServer

struct ResponseHeadEncoderTests {
  private func encode(
    _ status: Int,
    _ fields: [HeaderField] = [],
    _ framing: ResponseHeadEncoder.Framing = .none,
    closes: Bool = false
  ) -> (head: String, refused: [String]) {
    var bytes: [UInt8] = []
    let encoder = ResponseHeadEncoder(date: Array("now".utf8), framing: framing, closes: closes)
    let refused = encoder.encode(status: status, fields: fields, into: &bytes)
    return (String(decoding: bytes, as: UTF8.self), refused)
  }

  @Test func aHeadHasItsStatusDateFieldsAndFraming() {
    let (head, refused) = encode(200, [HeaderField("A", "b ä")], .length(12), closes: true)
    #expect(head == "HTTP/1.1 200 OK\r\nDate: now\r\nA: b ä\r\nContent-Length: 12\r\nConnection: close\r\n\r\n")
    #expect(refused.isEmpty)
    #expect(encode(299).head == "HTTP/1.1 299 \r\nDate: now\r\n\r\n")
  }

  @Test func aFieldThatWouldBreakOutOfItsLineIsLeftOut() {
    let bad = [
      HeaderField("A", "x\r\nSet-Cookie: y"), HeaderField("B", "\0"), HeaderField("C d", ""),
      HeaderField("", "e"), HeaderField("F", "g"),
    ]
    let (head, refused) = encode(200, bad)
    #expect(head == "HTTP/1.1 200 OK\r\nDate: now\r\nF: g\r\n\r\n")
    #expect(refused == ["A", "B", "C d", ""])
  }

  @Test func aBodyInChunksIsAnnounced() {
    #expect(encode(200, [], .chunked).head == "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n")
  }

  @Test func theFramingIsTheServersAlone() {
    let names = ["Connection", "content-length", "Date", "Keep-Alive", "Transfer-Encoding", "Upgrade"]
    let (head, refused) = encode(204, names.map { HeaderField($0, "1") })
    #expect(head == "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n")
    #expect(refused.isEmpty)
  }
}
