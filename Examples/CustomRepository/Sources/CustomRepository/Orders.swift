/// The application's own data: a table of orders, here in memory, numbered in order of arrival.
actor Orders {
  private var rows: [String] = []

  func add(_ text: String) -> Int {
    rows.append(text)
    return rows.count
  }

  func numbers(after number: Int, limit: Int) -> [(number: Int, text: String)] {
    rows.indices.dropFirst(number).prefix(limit).map { ($0 + 1, rows[$0]) }
  }

  var count: Int { rows.count }
}
