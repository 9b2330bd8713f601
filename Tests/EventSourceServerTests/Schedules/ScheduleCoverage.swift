import Synchronization

/// The number of occurrences of each option, call, state, transition and reason.
struct ScheduleCoverage {
  private var counts: [Occurrence: Int] = [:]

  mutating func note(_ occurrence: Occurrence) { counts[occurrence, default: 0] += 1 }

  mutating func add(_ other: ScheduleCoverage) { counts.merge(other.counts, uniquingKeysWith: +) }

  /// Everything that never occurred.
  var missing: [Occurrence] { Occurrence.all.filter { counts[$0, default: 0] == 0 } }

  /// The names and counts, in groups.
  var table: String {
    var lines: [String] = []
    for (group, members) in Occurrence.groups {
      lines.append("  \(group)")
      let cells = members.map { "\($0.name) \(counts[$0, default: 0])" }
      let width = (cells.map(\.count).max() ?? 0) + 2
      let columns = max(1, 116 / width)
      for start in stride(from: 0, to: cells.count, by: columns) {
        let row = cells[start..<min(start + columns, cells.count)]
        lines.append("    " + row.map { $0 + String(repeating: " ", count: width - $0.count) }.joined())
      }
    }
    return lines.joined(separator: "\n")
  }
}
