/// The options of the command line.
struct Options {
  static let usage = """
    usage: Quickstart [--host ADDRESS] [--port NUMBER]

      --host ADDRESS  where to listen (127.0.0.1)
      --port NUMBER   the port; 0 lets the system choose (8080)
      --help          this text
    """

  var host = "127.0.0.1"
  var port = 8080
  var wantsHelp = false

  struct Mistake: Error {
    var message: String
  }

  init(_ arguments: some Sequence<String>) throws(Mistake) {
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      func value() throws(Mistake) -> String {
        guard let value = parts.count == 2 ? parts[1] : rest.next() else {
          throw Mistake(message: "\(argument) needs a value")
        }
        return value
      }
      switch parts[0] {
      case "--help", "-h": wantsHelp = true
      case "--host": host = try value()
      case "--port":
        let text = try value()
        guard let number = Int(text), (0...65535).contains(number) else {
          throw Mistake(message: "--port is \"\(text)\"; expected a number from 0 to 65535")
        }
        port = number
      default: throw Mistake(message: "there is no option \"\(argument)\"")
      }
    }
  }
}
