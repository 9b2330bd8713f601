import Testing

@testable import EventSourceServer

@Suite struct AcceptEncodingFieldTests {
  /// Values of the field; whether gzip is chosen, is acceptable, and whether no coding is.
  @Test(
    arguments: [
      ([], false, false, true),
      ([""], false, false, true),
      (["gzip"], true, true, true),
      (["GZIP"], true, true, true),
      (["x-gzip"], true, true, true),
      (["gzip, deflate, br, zstd"], true, true, true),
      (["deflate", "gzip"], true, true, true),
      (["br;q=1.0, gzip;q=0.8, *;q=0.1"], true, true, true),
      (["gzip;q=0"], false, false, true),
      (["gzip;q=0.000"], false, false, true),
      (["gzip;q=0.001"], true, true, true),
      (["gzip ; q=0.5"], true, true, true),
      (["*"], true, true, true),
      (["*;q=0"], false, false, false),
      (["gzip;q=0, *"], false, false, true),
      (["identity;q=0"], false, false, false),
      (["identity;q=0, gzip"], true, true, false),
      (["gzip, *;q=0"], true, true, false),
      (["identity, *;q=0"], false, false, true),
      (["identity;q=0.5, gzip;q=0.5"], true, true, true),
      (["identity, gzip;q=0.5"], false, true, true),
      (["identity, *;q=0.5"], false, true, true),
      (["br"], false, false, true),
      (["gzip;q=2"], false, false, true),
      (["gzip;q=1.001"], false, false, true),
      (["gzip;q=0.1234"], false, false, true),
      (["gzip;q="], false, false, true),
      (["gzip;q=x, gzip"], true, true, true),
      (["gzip;level=1"], false, false, true),
      (["gzip;q=1;q=0"], false, false, true),
      ([",,gzip,"], true, true, true),
      (["gzipped"], false, false, true),
    ] as [([String], Bool, Bool, Bool)])
  func theFieldIsReadAsTheStandardSays(values: [String], prefers: Bool, admits: Bool, admitsIdentity: Bool) {
    let field = AcceptEncodingField(values)
    #expect(field.prefersGzip == prefers && field.admitsGzip == admits && field.admitsIdentity == admitsIdentity)
  }
}
