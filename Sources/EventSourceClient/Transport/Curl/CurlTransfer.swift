#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl
  import Foundation
  import Synchronization

  /// One request and its response.
  // Sendable, because only the engine's thread accesses the mutable state. The inbox has its own lock.
  final class CurlTransfer: @unchecked Sendable {
    /// The number of unread bytes at which the transfer is paused.
    private static let highWater = 64 << 10

    let inbox = ResponseInbox()
    /// Whether libcurl holds bytes that did not fit and waits. The engine's thread sets it and then checks the inbox
    /// again. The reader takes bytes from the inbox and then clears it. One of the two therefore sees what the other
    /// did.
    let isPaused = Atomic(false)
    /// libcurl's part of the transfer. Freed with this object, which the engine retains while libcurl uses it.
    private(set) var handle: UnsafeMutableRawPointer!
    /// The request body, at a stable address for libcurl.
    private let body: UnsafeMutableRawBufferPointer?
    private let url: URL
    private var head = CurlHead()

    init(_ request: SubscriptionRequest, _ options: CurlTransport.Options) throws {
      url = request.url
      body = request.sentBody.map { bytes in
        // At least one byte, because an empty buffer has no address.
        let body = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        body.copyBytes(from: bytes)
        return UnsafeMutableRawBufferPointer(rebasing: body[..<bytes.count])
      }
      let milliseconds = request.connectTimeout.map { $0.clamped() / .milliseconds(1) } ?? 0
      var flaw: UnsafePointer<CChar>?
      handle = request.url.absoluteString.withCString { url in
        request.method.withCString { method in
          var made = eventsource_curl_request()
          made.url = url
          made.method = method
          made.body = UnsafeRawPointer(body?.baseAddress)
          made.body_count = Int64(body?.count ?? 0)
          made.is_head_request = request.method == "HEAD" ? 1 : 0
          made.context = Unmanaged.passUnretained(self).toOpaque()
          made.receive_head_line = { CurlTransfer.of($3).receiveHeadLine($0, $1 * $2) }
          made.receive_body = { CurlTransfer.of($3).receiveBody($0, $1 * $2) }
          return options.withCOptions(connectMilliseconds: Int(milliseconds.rounded(.up))) {
            made.options = $0
            return Self.withCStrings(request.curlLines) {
              eventsource_curl_new_transfer(&made, $0.baseAddress, $0.count, &flaw)
            }
          }
        }
      }
      guard handle != nil else {
        let what = flaw.map { String(cString: $0) } ?? "the request, for lack of memory"
        throw SubscriptionError(.request, "libcurl does not accept \(what)")
      }
    }

    deinit {
      if let handle { eventsource_curl_free_transfer(handle) }
      body?.deallocate()
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
      Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
    }

    private static func withCStrings<Result>(
      _ texts: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
      let copies = texts.map { strdup($0) }
      defer { copies.forEach { free($0) } }
      return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer(body)
    }

    // MARK: The engine's thread

    private func receiveHeadLine(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
      let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
      guard let isComplete = head.take(line) else { return eventsource_curl_abort }
      if isComplete { inbox.put(ResponseHead(status: head.status, headers: head.fields, url: url)) }
      return count
    }

    private func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
      if count == 0 { return 0 }
      let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
      switch inbox.put(bytes, unlessUnread: Self.highWater) {
      case true: return count
      case nil: return eventsource_curl_abort
      case false: break
      }
      isPaused.store(true, ordering: .sequentiallyConsistent)
      // The reader may have emptied the inbox just before. No other code would then resume the transfer.
      guard inbox.unreadCount == 0, isPaused.exchange(false, ordering: .sequentiallyConsistent) else {
        return eventsource_curl_pause
      }
      return inbox.put(bytes, unlessUnread: Self.highWater) == nil ? eventsource_curl_abort : count
    }

    /// Ends the response with libcurl's result.
    func finish(_ result: Int32) {
      guard result != 0 else { return _ = inbox.end(.success(())) }
      inbox.end(.failure(Self.error(CurlError(message: String(cString: eventsource_curl_description(result))), result)))
    }

    private static func error(_ error: CurlError, _ result: Int32) -> any Error {
      switch result {
      // CURLE_URL_MALFORMAT
      case 3: SubscriptionError(.request, "libcurl does not accept the URL", underlying: error)
      // CURLE_OPERATION_TIMEDOUT
      case 28: SubscriptionError(.connectTimeout, "no connection was made in time", underlying: error)
      // CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE
      case 58, 77: SubscriptionError(.request, "a certificate that is configured cannot be used", underlying: error)
      default: error
      }
    }
  }

  extension SubscriptionRequest {
    /// The body to send. Methods that expect a body have at least an empty one (RFC 9110, 8.6).
    fileprivate var sentBody: [UInt8]? { body ?? (["POST", "PUT", "PATCH"].contains(method) ? [] : nil) }

    /// The fields in libcurl's form. A field with an empty value ends in a semicolon. A name without a value removes a
    /// field that libcurl would add.
    fileprivate var curlLines: [String] {
      var lines = headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
      if headers.values(of: "Accept-Encoding").isEmpty, ContentDecoder.isAvailable {
        lines.append("Accept-Encoding: gzip, deflate")
      }
      for name in ["Accept", "Content-Type", "Expect"] where headers.values(of: name).isEmpty {
        lines.append("\(name):")
      }
      return lines
    }
  }
#endif
