import Testing

@testable import EventSourceBuiltInServer

struct TrustedProxiesTests {
  private func peer(
    _ sender: String, _ values: String..., trusting ranges: [String] = ["10.0.0.0/8", "2001:db8::/32"],
    by field: TrustedProxies.Field = .xForwardedFor
  ) throws -> String? {
    TrustedProxies(try ranges.map { try AddressRange($0) }, field: field).peer(from: sender, values: values)
  }

  @Test func aPeerOfAUnixSocketIsBelievedIfItIsSoConfigured() throws {
    var proxies = TrustedProxies([try AddressRange("10.0.0.0/8")], field: .xForwardedFor)
    #expect(proxies.peer(from: nil, values: ["203.0.113.7"]) == nil)
    proxies.trustsUnixSockets = true
    #expect(proxies.peer(from: nil, values: ["198.51.100.1, 203.0.113.7"]) == "203.0.113.7")
    #expect(proxies.peer(from: nil, values: ["203.0.113.7, 10.0.0.1"]) == "203.0.113.7")
    #expect(proxies.peer(from: nil, values: ["nonsense"]) == nil)
    #expect(proxies.peer(from: nil, values: []) == nil)
  }

  @Test(arguments: [
    ("192.0.2.7", "192.0.2.7"), ("192.0.2.7", "::ffff:192.0.2.7"), ("2001:db8::1", "2001:db8::2"),
    ("2001:db8::", "2001:db8::ffff:0:0:1"),
  ])
  func addressesOfOneSiteAreCountedTogether(left: String, right: String) throws {
    #expect(try #require(IPAddress(left)).site == #require(IPAddress(right)).site)
  }

  @Test func addressesOfOtherSitesAreNot() throws {
    #expect(try #require(IPAddress("192.0.2.7")).site != #require(IPAddress("192.0.2.8")).site)
    #expect(try #require(IPAddress("2001:db8::1")).site != #require(IPAddress("2001:db8:0:1::1")).site)
  }

  @Test func whatAStrangerClaimsMeansNothing() throws {
    #expect(try peer("192.0.2.1", "203.0.113.7") == "192.0.2.1")
    #expect(try peer("2001:db9::1", "203.0.113.7") == "2001:db9::1")
  }

  @Test func aTrustedProxyNamesThePeer() throws {
    #expect(try peer("10.1.2.3", "203.0.113.7") == "203.0.113.7")
    #expect(try peer("2001:db8::1", "203.0.113.7") == "203.0.113.7")
    #expect(try peer("::ffff:10.1.2.3", "203.0.113.7") == "203.0.113.7")
  }

  @Test func whatAClientPutInFrontIsNotBelieved() throws {
    #expect(try peer("10.0.0.1", "10.9.9.9, 127.0.0.1, 203.0.113.7") == "203.0.113.7")
    #expect(try peer("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2") == "203.0.113.7")
    #expect(try peer("10.0.0.1", "198.51.100.1", "203.0.113.7") == "203.0.113.7")
  }

  @Test(arguments: ["", "unknown", "_hidden", "203.0.113.7, ", "203.0.113.7, nonsense", "1.2.3", "[::1", "\"", ":"])
  func whereTheFieldMakesNoSenseTheLastKnownIsThePeer(value: String) throws {
    #expect(try peer("10.0.0.1", value) == "10.0.0.1")
  }

  @Test func ifAllAreTrustedThePeerIsTheFirst() throws {
    #expect(try peer("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3")
    #expect(try peer("10.0.0.1") == "10.0.0.1")
  }

  @Test(arguments: [
    ("203.0.113.7:4711", "203.0.113.7"), ("[2001:db9::1]:80", "2001:db9::1"), ("2001:db9::1", "2001:db9::1"),
    ("\"[2001:db9::1]:80\"", "2001:db9::1"), ("\t203.0.113.7 ", "203.0.113.7"),
  ])
  func anAddressMayHaveAPort(value: String, expected: String) throws {
    #expect(try peer("10.0.0.1", value) == expected)
  }

  @Test func forwardedIsReadAsItsStandardSays() throws {
    #expect(
      try peer("10.0.0.1", "for=198.51.100.1, proto=https;For=\"[2001:db9::1]:80\";by=10.0.0.2", by: .forwarded)
        == "2001:db9::1")
    #expect(try peer("10.0.0.1", "for=198.51.100.1;by=\"a,b;for=x\"", by: .forwarded) == "198.51.100.1")
    #expect(try peer("10.0.0.1", "for=198.51.100.1, proto=https", by: .forwarded) == "10.0.0.1")
    #expect(try peer("10.0.0.1", "for=unknown", by: .forwarded) == "10.0.0.1")
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "203.0.113.7", true),
    ("0.0.0.0/0", "::1", false), ("::/0", "203.0.113.7", true), ("2001:db8::/33", "2001:db8:8000::", false),
    ("2001:db8::/33", "2001:db8:7fff::", true), ("::1", "::1", true), ("::1", "::2", false),
    ("192.0.2.7", "192.0.2.7", true), ("192.0.2.6/31", "192.0.2.7", true), ("2001:db8::/64", "2001:db8::ffff", true),
  ])
  func aRangeHasTheAddressesThatBeginAlike(range: String, address: String, isInIt: Bool) throws {
    #expect(try AddressRange(range).contains(#require(IPAddress(address))) == isInIt)
  }

  @Test(arguments: [
    "", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "localhost", "/8", "a/8",
  ])
  func whatIsNoRangeIsRefused(text: String) {
    #expect(throws: BuiltInServerError.self) { try AddressRange(text) }
  }
}
