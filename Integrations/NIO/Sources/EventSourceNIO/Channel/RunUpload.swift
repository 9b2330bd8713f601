#if NIO || Hummingbird
  import EventSourceServer
  import NIOCore
  import NIOHTTP1

  /// A request to a collection of runs, whose body is arriving. Confined to the event loop of its channel.
  /// A class, so that its body is not copied for each part.
  final class RunUpload {
    let head: HTTPRequestHead
    let handler: RunHandler
    /// The ID of the run in the path.
    let run: String?
    let maximumBodyBytes: Int
    private(set) var body: [UInt8] = []

    init(_ head: HTTPRequestHead, _ handler: RunHandler, run: String?, maximumBodyBytes: Int) {
      self.head = head
      self.handler = handler
      self.run = run
      self.maximumBodyBytes = maximumBodyBytes
    }

    /// Whether the head announces a body that is larger than allowed.
    var isTooLarge: Bool {
      head.headers["content-length"].contains { Int($0) ?? .max > maximumBodyBytes }
    }

    /// Whether the client waits for a response with 100 before it sends the body (RFC 9110, 10.1.1).
    var awaitsContinue: Bool {
      head.version == .http1_1 && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }

    /// Appends a part of the body.
    ///
    /// - Returns: `false` if the body is larger than allowed.
    func append(_ part: ByteBuffer) -> Bool {
      guard part.readableBytes <= maximumBodyBytes - body.count else { return false }
      body.append(contentsOf: part.readableBytesView)
      return true
    }

    static var tooLarge: EventStreamResponseHead {
      EventStreamResponseHead(
        status: 413, fields: [HeaderField("Content-Type", "text/plain; charset=utf-8")],
        body: .bytes(Array("the request's body is too large\n".utf8)))
    }
  }
#endif
