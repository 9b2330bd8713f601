import EventSourceFormat
import EventSourceServer

extension RepositoryContract {
  static let identityChecks: [Check] = [
    Check("an event keeps its ID and is found by it") { archive in
      let ids: [EventID] = [
        "1", "01", "1.0", "-1", "abc", "ABC", "with spaces", "2026-01-01T00:00:00Z", "é", "e\u{301}", "👋", "%00",
        "'; --",
        "18446744073709551616",
      ]
      let added = try await archive.append(ids.map { ServerSentEvent(data: "event \($0.rawValue)", id: $0) })
      try require(added.map(\.id) == ids, "the returned IDs must be the events' own")
      try require(try await archive.contiguous(after: nil), equal: added, "all")
      for (index, id) in ids.enumerated() {
        try require(try await archive.contiguous(after: id), equal: Array(added[(index + 1)...]), "after \(name(id))")
      }
    },
    Check("an event without an ID gets a unique one") { archive in
      var added = try await archive.append(numbers: 1...300)
      // IDs that look like the next generated ones, but belong to the application. Later events need different IDs.
      for offset in 0..<3 {
        let next = successors(of: added[added.count - 1].id!).dropFirst(offset).first
        guard let id = next, !added.contains(where: { $0.id == id }) else { continue }
        added += try await archive.append([ServerSentEvent(data: "foreign", id: id)])
        added += try await archive.append((1...4).map { _ in ServerSentEvent(data: "given") })
      }
      let foreign = Set(added.filter { $0.data == "foreign" }.compactMap(\.id))
      let given = added.filter { $0.data != "foreign" }.compactMap(\.id)
      try require(given.allSatisfy { !$0.rawValue.isEmpty }, "a generated ID must not be empty")
      try require(Set(given).count == given.count, "an ID was generated for two events")
      try require(foreign.isDisjoint(with: given), "a generated ID equals an event's own ID")
      try require(try await archive.contiguous(after: nil), equal: added, "all")
    },
    Check("events with and without their own IDs keep their order") { archive in
      let added = try await archive.append(
        (1...50).map { ServerSentEvent(data: "\($0)", id: $0 % 3 == 0 ? try? EventID("own-\($0)") : nil) })
      try require(added[2].id == "own-3" && added[49].id != nil, "own IDs must be kept, and others generated")
      for size in [1, 4, 50] {
        try require(try await archive.walk(from: nil, events: size), equal: added, "batches of \(size)")
      }
    },
    Check("if several events share an ID, the newest counts") { archive in
      try await archive.append([
        ServerSentEvent(data: "1", id: "same"), ServerSentEvent(data: "2", id: "other"),
        ServerSentEvent(data: "3", id: "same"),
      ])
      let rest = try await archive.append([ServerSentEvent(data: "4", id: "last")])
      try require(try await archive.contiguous(after: "same"), equal: rest, "after an ID of two events")
    },
    Check("an ID that was never added is unknown, whatever its form") { archive in
      let added = try await archive.append(numbers: 1...20)
      let known = Set(added.compactMap(\.id))
      let made = added[9].id?.rawValue ?? ""
      var hostile = [
        "x", "0", "00", "-1", "+1", "1e9", "99999999999999999999999999", "9223372036854775808", "-9223372036854775808",
        "18446744073709551615", "%", "_", "*", "' OR 1=1 --", "\"", "\\", "\u{1}", "\u{7F}", "\u{FEFF}1", "ﬀ",
        "👋🏽",
        String(repeating: "9", count: 1_000), String(repeating: "é", count: 200_000), made + "\u{301}", made + " ",
        " " + made, made + "0", "0" + made, made + made, made + ".0", made.uppercased() + "-", String(made.dropFirst()),
      ]
      hostile += successors(of: added[19].id!).map(\.rawValue)
      // The number in an ID, made huge, negative or written differently.
      let digits = made.reversed().prefix { $0.isASCII && $0.isNumber }.count
      let stem = made.dropLast(digits)
      let number = made.suffix(digits)
      for other in [
        "", "0", "-1", "+\(number)", "0\(number)", " \(number)", "9223372036854775807", "9223372036854775808",
      ] {
        hostile.append(stem + other)
      }
      hostile.append(stem + "18446744073709551617")
      hostile.append(stem + String(repeating: "9", count: 500))
      for text in hostile {
        guard let id = try? EventID(text), !known.contains(id) else { continue }
        let answer = try await archive.ask(after: id, events: 5)
        try require(answer == .unknownID, "\(name(id)) was never added, but the answer is \(brief(answer))")
      }
      try require(try await archive.contiguous(after: nil), equal: added, "all")
    },
  ]

  /// Returns IDs that follow another one, if it ends with a number.
  private static func successors(of id: EventID) -> [EventID] {
    let digits = id.rawValue.utf8.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    guard let number = UInt64(id.rawValue.suffix(digits)), number < .max - 3 else { return [] }
    return (1...3 as ClosedRange<UInt64>).compactMap { try? EventID("\(id.rawValue.dropLast(digits))\(number + $0)") }
  }
}
