public import Foundation

/// Why an attempt failed, a stream ended, or both.
///
/// Its texts contain no password and no query of a URL; the body of an error response is as the server sent it.
public struct SubscriptionError: Error, Sendable {
  /// What kind of failure it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The name of the code.
    public let description: String

    /// The status says that there is no stream (WHATWG HTML 9.2.3, processing the response).
    public static let status = Code(description: "status")
    /// The content is no event stream.
    public static let contentType = Code(description: "contentType")
    /// The request cannot be made: its URL, a field or the last event ID cannot be sent, or its provider failed.
    public static let request = Code(description: "request")
    /// There was no response, or it broke off.
    public static let transport = Code(description: "transport")
    /// No connection, or no response head, in time.
    public static let connectTimeout = Code(description: "connectTimeout")
    /// The stream was silent for too long.
    public static let readTimeout = Code(description: "readTimeout")
    /// The response came to its end.
    public static let ended = Code(description: "ended")
    /// The response came to its end in the middle of an event, which is lost.
    public static let truncated = Code(description: "truncated")
    /// A redirect leads nowhere, or in a circle.
    public static let redirect = Code(description: "redirect")
    /// A line or an event exceeds ``EventSource/Configuration/limits``.
    public static let tooLarge = Code(description: "tooLarge")
    /// The store of last event IDs failed.
    public static let store = Code(description: "store")
    /// Another consumer reads this source, or has read it.
    public static let severalConsumers = Code(description: "severalConsumers")
    /// A consumer of a ``SharedEventSource`` was too slow for its buffer.
    public static let tooSlow = Code(description: "tooSlow")
  }

  /// What kind of failure it is.
  public let code: Code
  /// What happened and what to do, in a sentence.
  public let message: String
  /// The response, if there was one: its status and fields.
  public let head: ResponseHead?
  /// The beginning of the body of a response that is no stream, up to
  /// ``EventSource/Configuration/maximumErrorBodyBytes``.
  public internal(set) var body: [UInt8]
  /// What the transport, the request provider or the store threw.
  public let underlying: (any Error)?

  /// Makes an error.
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
  /// The fields of the response; none, if there was none.
  public var headers: [HeaderField] { head?.headers ?? [] }
  /// ``body`` as text; bytes that are not UTF-8 are replaced.
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

  /// What debuggers and `dump` show: no URL, and no field of the response.
  public var customMirror: Mirror {
    Mirror(self, children: ["code": code.description, "description": errorDescription ?? message])
  }

  /// An error of Foundation has the whole URL in its description, but not in its localized one.
  private static func sentence(_ error: any Error) -> String {
    error is URLError || type(of: error) is NSError.Type ? error.localizedDescription : "\(error)"
  }
}
