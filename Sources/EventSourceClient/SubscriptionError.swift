public import Foundation

/// The reason why an attempt failed or a stream ended.
///
/// Its texts contain no passwords and no URL queries. The body of an error response is as the server sent it.
public struct SubscriptionError: Error, Sendable {
  /// The kind of a failure.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The name of the code.
    public let description: String

    /// The response status was not 200 (WHATWG HTML 9.2.3, processing the response).
    public static let status = Code(description: "status")
    /// The content is not an event stream.
    public static let contentType = Code(description: "contentType")
    /// The request cannot be made: its URL, a field or the last event ID is invalid, or its provider failed.
    public static let request = Code(description: "request")
    /// There was no response, or it broke.
    public static let transport = Code(description: "transport")
    /// The connection or the response head timed out.
    public static let connectTimeout = Code(description: "connectTimeout")
    /// The stream sent nothing for too long.
    public static let readTimeout = Code(description: "readTimeout")
    /// The response ended.
    public static let streamEnded = Code(description: "streamEnded")
    /// The response ended in the middle of an event, which is lost. Or a single response ended before the event that
    /// ``EventSource/Configuration/endsAtEvent`` names.
    public static let truncated = Code(description: "truncated")
    /// A redirect has no valid target, or forms a loop.
    public static let redirect = Code(description: "redirect")
    /// A line or an event exceeds ``EventSource/Configuration/limits``.
    public static let tooLarge = Code(description: "tooLarge")
    /// The store of last event IDs failed.
    public static let store = Code(description: "store")
    /// The source has or had another consumer.
    public static let alreadyConsumed = Code(description: "alreadyConsumed")
    /// A consumer of a ``SharedEventSource`` was too slow for its buffer.
    public static let tooSlow = Code(description: "tooSlow")
  }

  /// The kind of the failure.
  public let code: Code
  /// What happened and how to solve it, in one sentence.
  public let message: String
  /// The head of the response, if there was one.
  public let head: ResponseHead?
  /// The beginning of the body of a response that is not a stream, up to
  /// ``EventSource/Configuration/maximumErrorBodyBytes``.
  public internal(set) var body: [UInt8]
  /// The error of the transport, the request provider or the store.
  public let underlying: (any Error)?

  /// Creates an error.
  public init(
    _ code: Code, _ message: String, head: ResponseHead? = nil, body: [UInt8] = [],
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.head = head
    self.body = body
    self.underlying = underlying
  }

  /// The status of the response, if there was one.
  public var status: Int? { head?.status }
  /// The fields of the response. Empty if there was none.
  public var headers: [HeaderField] { head?.headers ?? [] }
  /// ``body`` as text, with invalid UTF-8 replaced.
  public var bodyText: String { String(decoding: body, as: UTF8.self) }
}

extension SubscriptionError: LocalizedError, CustomStringConvertible, CustomReflectable {
  /// The message, with the beginning of the response's body and the cause, on one line.
  public var errorDescription: String? {
    var text = message
    let excerpt = String(bodyText.prefix(500)).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if !excerpt.isEmpty { text += ": " + excerpt }
    if let underlying { text += " (\(Self.sentence(underlying)))" }
    return text
  }

  /// The code and ``errorDescription``.
  public var description: String { "\(code): \(errorDescription ?? message)" }

  /// The representation for debuggers and `dump`, without the URL and the fields of the response.
  public var customMirror: Mirror {
    Mirror(self, children: ["code": code.description, "description": errorDescription ?? message])
  }

  /// Returns a description without URLs. A Foundation error has the whole URL in its description, but not in its
  /// localized one.
  private static func sentence(_ error: any Error) -> String {
    error is URLError || type(of: error) is NSError.Type ? error.localizedDescription : "\(error)"
  }
}
