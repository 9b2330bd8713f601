// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "HummingbirdServer",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "eventsource-kit", path: "../..", traits: ["Hummingbird", "Observability"]),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.83.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.29.0"),
    .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.0"),
  ],
  targets: [
    // A metrics backend in place of your own.
    .target(name: "TextMetrics", dependencies: [.product(name: "CoreMetrics", package: "swift-metrics")]),
    .executableTarget(
      name: "HummingbirdServer",
      dependencies: [
        "TextMetrics",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceHummingbird", package: "eventsource-kit"),
        .product(name: "EventSourceObservability", package: "eventsource-kit"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdHTTP2", package: "hummingbird"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "JWTKit", package: "jwt-kit"),
      ]
    ),
  ],
  swiftLanguageModes: [.v6]
)
