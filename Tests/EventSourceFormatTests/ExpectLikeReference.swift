import EventSourceFormat
import Testing

/// Expects that the parser gives the reference's result for the input in small chunks, in larger chunks, and whole.
func expectLikeReference(_ input: [UInt8]) throws {
  let reference = ReferenceParser(input, lastEventID: "before")
  for chunkSize in [1, 5, input.count] {
    var parser = EventStreamParser(lastEventID: "before", reportsComments: true)
    var elements: [EventStreamParser.Element] = []
    for start in stride(from: 0, to: input.count, by: chunkSize) {
      try parser.parse(Array(input[start..<min(start + chunkSize, input.count)])) { elements.append($0) }
    }
    #expect(bytes(of: elements) == bytes(of: reference.elements), "\(input) in chunks of \(chunkSize)")
    #expect(parser.lastEventID.utf8.elementsEqual(reference.lastEventID.utf8), "\(input) in chunks of \(chunkSize)")
  }
}
