/// The bytes of a connection and the status of the rejection. 200 means that they are accepted.
struct RequestExample: Sendable, CustomStringConvertible {
  var description: String
  var status: Int
  var text: String

  init(_ description: String, _ status: Int, _ text: String) {
    self.description = description
    self.status = status
    self.text = text
  }
}

private let post = "POST /echo HTTP/1.1\r\nHost: x\r\n"
private let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

/// Several requests each, in every accepted form.
let acceptedRequests = [
  RequestExample("plain", 200, "GET /events/news?last=1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 7\r\n\r\n"),
  RequestExample(
    "empty line, absolute target, HTTP/1.0",
    200,
    "\r\nGET http://a.example:1?b HTTP/1.1\r\nHost: x\r\n\r\nHEAD /x HTTP/1.0\r\n\r\n"
  ),
  RequestExample("body", 200, post + "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost:\r\n\r\n"),
  RequestExample(
    "chunks",
    200,
    chunked + "3;e=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"
  ),
]

/// One for each rule. The parsers reject every one, and so does a server over a socket, with the same status.
let refusedRequests: [RequestExample] = [
  RequestExample("bare LF behind the request line", 400, "GET / HTTP/1.1\nHost: x\r\n\r\n"),
  RequestExample("bare LF behind a field", 400, "GET / HTTP/1.1\r\nHost: x\n\r\n"),
  RequestExample("bare LF at the end", 400, "GET / HTTP/1.1\r\nHost: x\r\n\n"),
  RequestExample("bare CR", 400, "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n"),
  RequestExample("folded line", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
  RequestExample("whitespace before the first field", 400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
  RequestExample("whitespace before the colon", 400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
  RequestExample("no colon", 400, "GET / HTTP/1.1\r\nHost x\r\n\r\n"),
  RequestExample("no field name", 400, "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n"),
  RequestExample("NUL in a value", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n"),
  RequestExample("no method", 400, " / HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("method that is not a token", 400, "G@T / HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("method beyond reason", 501, String(repeating: "M", count: 33) + " / HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("no target", 400, "GET  HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("two spaces", 400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("tab for a space", 400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("target without a slash", 400, "GET events HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("target of another scheme", 400, "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("target without an authority", 400, "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("target with userinfo", 400, "GET http://a@b/ HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("target with a fragment", 400, "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("target beyond ASCII", 400, "GET /ä HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("authority-form", 400, "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("no version", 400, "GET /\r\nHost: x\r\n\r\n"),
  RequestExample("version in lower case", 400, "GET / http/1.1\r\nHost: x\r\n\r\n"),
  RequestExample("version with two digits", 400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n"),
  RequestExample("HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  RequestExample("HTTP/0.9", 505, "GET / HTTP/0.9\r\n\r\n"),
  RequestExample("no Host", 400, "GET / HTTP/1.1\r\nA: b\r\n\r\n"),
  RequestExample("two Hosts", 400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
  RequestExample("two Hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: x\r\nhost: x\r\n\r\n"),
  RequestExample("Host that is none", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
  RequestExample("Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
  RequestExample("two lengths", 400, post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
  RequestExample("list of lengths", 400, post + "Content-Length: 1, 1\r\n\r\nx"),
  RequestExample("negative length", 400, post + "Content-Length: -1\r\n\r\n"),
  RequestExample("length with a sign", 400, post + "Content-Length: +1\r\n\r\nx"),
  RequestExample("hexadecimal length", 400, post + "Content-Length: 0x1\r\n\r\nx"),
  RequestExample("empty length", 400, post + "Content-Length:\r\n\r\nx"),
  RequestExample("length beyond Int", 413, post + "Content-Length: 99999999999999999999\r\n\r\n"),
  RequestExample("length and coding", 400, post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  RequestExample("coding and length", 400, post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"),
  RequestExample(
    "two codings",
    400,
    post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
  ),
  RequestExample("coding that is not known", 501, post + "Transfer-Encoding: gzip, chunked\r\n\r\n"),
  RequestExample("coding that hides", 501, post + "Transfer-Encoding: xchunked\r\n\r\n"),
  RequestExample("coding in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
  RequestExample("expectation that is not known", 417, post + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n"),
  RequestExample("chunk without a size", 400, chunked + "\r\nx\r\n0\r\n\r\n"),
  RequestExample("chunk size that is no number", 400, chunked + "g\r\n"),
  RequestExample("chunk size with 0x", 400, chunked + "0x1\r\nx\r\n0\r\n\r\n"),
  RequestExample("chunk size with a sign", 400, chunked + "-1\r\n"),
  RequestExample("chunk size with a space", 400, chunked + "1 \r\nx\r\n0\r\n\r\n"),
  RequestExample("chunk size that overflows", 413, chunked + "FFFFFFFFFFFFFFFF\r\n"),
  RequestExample("chunk size of many zeros", 400, chunked + "00000000000000001\r\nx\r\n"),
  RequestExample("chunk size with a bare LF", 400, chunked + "1\nx\r\n0\r\n\r\n"),
  RequestExample("chunk longer than its size", 400, chunked + "1\r\nxy\r\n0\r\n\r\n"),
  RequestExample("chunk data with a bare LF", 400, chunked + "1\r\nx\n0\r\n\r\n"),
  RequestExample("chunk extension without end", 400, chunked + "1;" + String(repeating: "a", count: 5000)),
  RequestExample("chunk extension with NUL", 400, chunked + "1;\0\r\nx\r\n0\r\n\r\n"),
  RequestExample("trailers without end", 400, chunked + "0\r\nA: " + String(repeating: "a", count: 5000)),
  RequestExample("trailer that is folded", 400, chunked + "0\r\nA: b\r\n c\r\n\r\n"),
]
