import Foundation

internal import EventSourceFormat

/// Decides which responses are event streams, and after which others the source retries.
public struct ResponsePolicy: Sendable {
  /// The verdict on a response head.
  public enum Verdict: Sendable {
    /// An event stream follows.
    case accept
    /// The server reported that nothing more will come. The source closes without an error.
    case finish
    /// The response is not a stream, and a retry is useless.
    case stop(SubscriptionError)
    /// The response is not a stream, but a retry may succeed, after at least this time.
    case retry(SubscriptionError, after: Duration?)
  }

  /// Evaluates a head, before any of the body is read.
  public var evaluate: @Sendable (ResponseHead) -> Verdict

  /// Creates a policy.
  public init(_ evaluate: @escaping @Sendable (ResponseHead) -> Verdict) { self.evaluate = evaluate }

  /// The policy for programs. A 200 with an event stream is accepted, and a 204 ends the source. The statuses 408, 425,
  /// 429, 500, 502, 503 and 504 are retried, not before the time in `Retry-After` (RFC 9110, 10.2.3). Every other
  /// response stops the source.
  public static let standard = ResponsePolicy { head in
    let verdict = judgeStrictly(head)
    guard case .stop(let error) = verdict, [408, 425, 429, 500, 502, 503, 504].contains(head.status) else {
      return verdict
    }
    return .retry(error, after: retryAfter(head))
  }

  /// The policy of browsers (WHATWG HTML 9.2.3): every status other than 200 and 204 stops the source.
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

  /// Returns the time that `Retry-After` requests, in seconds or as a date (RFC 9110, 10.2.3), at most one day. `nil`
  /// if it requests none.
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
