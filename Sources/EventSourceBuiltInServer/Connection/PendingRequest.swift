/// A request that is being read.
final class PendingRequest {
  var headParser: RequestHeadParser
  /// The head, once it is complete and a body follows.
  var head: RequestHead?
  var body: RequestBodyParser?

  var retainedBytes: Int { headParser.retainedBytes + (body?.bytes.count ?? 0) }

  init(limits: RequestLimits) { headParser = RequestHeadParser(limits: limits) }
}
