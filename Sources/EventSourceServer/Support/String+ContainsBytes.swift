extension String {
  /// Returns whether the bytes of another text occur in this one. The cost is proportional to both lengths.
  ///
  /// The standard `contains` for texts needs Swift's regular expressions, which the libraries for C omit.
  package func containsBytes(of text: String) -> Bool {
    var rest = utf8[...]
    while rest.count >= text.utf8.count {
      if rest.starts(with: text.utf8) { return true }
      guard rest.popFirst() != nil else { return false }
    }
    return false
  }
}
