/// The reason why the content coding of a response cannot be decoded.
struct ContentCodingError: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
}
