/// Why an attempt failed, a stream ended, or both.
public struct SubscriptionError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The name of the code.
    public let description: String

    /// The status says that there is no stream (WHATWG HTML 9.2.3, processing the response).
    public static let status = Code(description: "status")
    /// The content is no event stream.
    public static let contentType = Code(description: "contentType")
    /// The URL is none of `http` or `https`, or the request could not be made.
    public static let request = Code(description: "request")
    /// There was no response, or it broke off.
    public static let transport = Code(description: "transport")
    /// There was no response head in time.
    public static let connectTimeout = Code(description: "connectTimeout")
    /// The stream was silent for too long.
    public static let readTimeout = Code(description: "readTimeout")
    /// The response came to its end.
    public static let ended = Code(description: "ended")
    /// A redirect leads nowhere, or in a circle.
    public static let redirect = Code(description: "redirect")
    /// A line or an event is larger than it may be.
    public static let tooLarge = Code(description: "tooLarge")
    /// The store of last event IDs failed.
    public static let store = Code(description: "store")
    /// Somebody else reads, or has read, this source.
    public static let severalConsumers = Code(description: "severalConsumers")
  }

  /// What kind of failure it is.
  public let code: Code
  /// What happened and what to do, in a sentence.
  public let message: String
  /// The response, if there was one: its status and fields.
  public let head: ResponseHead?
  /// What the transport, the provider of requests or the store threw.
  public let underlying: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ message: String, head: ResponseHead? = nil, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.head = head
    self.underlying = underlying
  }

  /// One line for a person.
  public var description: String { "\(code): \(message)" + (underlying.map { " (\($0))" } ?? "") }

  /// The status of the response, if there was one.
  public var status: Int? { head?.status }
  /// The fields of the response; none, if there was none.
  public var headers: [HeaderField] { head?.headers ?? [] }
}
