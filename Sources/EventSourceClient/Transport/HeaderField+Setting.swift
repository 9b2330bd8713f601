internal import EventSourceFormat

extension [HeaderField] {
  /// Sets a field and removes all others of that name.
  mutating func set(_ name: String, _ value: String) {
    removeAll(of: name)
    append(HeaderField(name, value))
  }

  mutating func removeAll(of name: String) {
    removeAll { equalsIgnoringASCIICase($0.name, name) }
  }
}
