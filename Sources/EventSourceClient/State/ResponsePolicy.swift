import Foundation

internal import EventSourceFormat

/// Which responses are event streams, and after which others it is worth to ask again.
public struct ResponsePolicy: Sendable {
  /// What a head means.
  public enum Verdict: Sendable {
    /// An event stream follows.
    case accept
    /// The server says that there is nothing more to come: the source closes, without an error.
    case finish
    /// No stream, and asking again is of no use.
    case stop(SubscriptionError)
    /// No stream, and it is worth to ask again, after this time at the earliest.
    case retry(SubscriptionError, after: Duration?)
  }

  /// Judges a head, before any of the body is looked at.
  public var evaluate: @Sendable (ResponseHead) -> Verdict

  /// Makes a policy.
  public init(_ evaluate: @escaping @Sendable (ResponseHead) -> Verdict) { self.evaluate = judge }

  /// For programs: 200 with an event stream is accepted and 204 ends; 408, 425, 429, 500, 502, 503 and 504 may pass, as
  /// `Retry-After` says (RFC 9110, 10.2.3); all else stops.
  public static let standard = ResponsePolicy { head in
    let verdict = judgeStrictly(head)
    guard case .stop(let error) = verdict, [408, 425, 429, 500, 502, 503, 504].contains(head.status) else {
      return verdict
    }
    return .retry(error, after: retryAfter(head))
  }

  /// As browsers do (WHATWG HTML 9.2.3): every status but 200 stops.
  public static let browser = ResponsePolicy { judgeStrictly($0) }

  private static func judgeStrictly(_ head: ResponseHead) -> Verdict {
    if head.status == 204 { return .finish }
    guard head.status == 200 else {
      return .stop(SubscriptionError(.status, "the server answered with status \(head.status)", head: head))
    }
    let type = MediaType(contentTypeFields: head.headers.values(of: "Content-Type"))
    guard type?.isEventStream == true else {
      let what = type?.essence ?? "content without a type"
      return .stop(SubscriptionError(.contentType, "the server sends \(what), not text/event-stream", head: head))
    }
    return .accept
  }

  /// The time that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3); nil: it asks for none.
  static func retryAfter(_ head: ResponseHead, now: Date = Date()) -> Duration? {
    guard let value = head.headers.values(of: "Retry-After").first?.trimmingCharacters(in: .whitespaces) else {
      return nil
    }
    if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      return .seconds(Int64(value).map { min($0, 86_400) } ?? 86_400)
    }
    return HTTPDate.parse(value, now: now).map { .seconds(min(max($0.timeIntervalSince(now), 0), 86_400)) }
  }
}
