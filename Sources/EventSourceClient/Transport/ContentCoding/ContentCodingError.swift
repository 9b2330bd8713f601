/// Why the content coding of a response cannot be undone.
struct ContentCodingError: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
}
