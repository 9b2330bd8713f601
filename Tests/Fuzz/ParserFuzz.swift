// For any bytes, split in any way, the parser gives the same result as the reference.
//
// Compiled with only the files of Sources/EventSourceFormat and the tests' ReferenceParser.swift.

/// The entry point for libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzParser(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  guard count > 1 else { return 0 }
  // The first byte determines the splits.
  let input = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
  var state = UInt32(data[0]) &* 2_654_435_761 | 1
  var parser = EventStreamParser(lastEventID: "before", reportsComments: true)
  var elements: [EventStreamParser.Element] = []
  var rest = input[...]
  while !rest.isEmpty {
    state = state &* 1_664_525 &+ 1_013_904_223
    let chunk = rest.prefix(1 + Int(state >> 24) % (data[0] < 128 ? 4 : 256))
    do {
      try parser.parse(Array(chunk)) { elements.append($0) }
    } catch {
      preconditionFailure("\(error)")
    }
    rest = rest.dropFirst(chunk.count)
  }
  parser.finish()
  let reference = ReferenceParser(input, lastEventID: "before")
  precondition(bytes(of: elements) == bytes(of: reference.elements), "the parser differs from the reference")
  precondition(parser.lastEventID.utf8.elementsEqual(reference.lastEventID.utf8), "the last event ID differs")
  return 0
}
