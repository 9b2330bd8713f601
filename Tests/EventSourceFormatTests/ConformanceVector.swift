import Foundation
import Testing

/// One vector of the conformance corpus, with the fields of its file.
struct ConformanceVector: Decodable, CustomTestStringConvertible {
  struct Event: Decodable {
    var type: String
    var data: String
    var lastEventID: String
  }

  var name: String
  var input: [String]?
  var inputHex: [String]?
  var initialLastEventID: String?
  var expect: [Event]
  var comments: [String]
  var lastEventIDAfter: String
  var reconnectionTimeAfter: Int64?
  var reconnectionTimeExact: String?
  var dispatchedAfterChunk: [Int]?

  var testDescription: String { name }

  var chunks: [[UInt8]] {
    input.map { $0.map { Array($0.utf8) } } ?? (inputHex ?? []).map(Self.bytes)
  }

  static let all: [ConformanceVector] = {
    let url = Bundle.module.url(
      forResource: "event-stream-vectors", withExtension: "json", subdirectory: "Conformance")!
    return try! JSONDecoder().decode([ConformanceVector].self, from: Data(contentsOf: url))
  }()

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)!
    }
  }
}
