// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "CustomAdapter",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
  targets: [
    // An HTTP server that knows nothing of event streams, in place of the one that you have.
    .target(name: "TinyHTTP"),
    // The adapter.
    .target(
      name: "TinyEventStreams",
      dependencies: ["TinyHTTP", .product(name: "EventSourceServer", package: "eventsource-kit")]),
    .executableTarget(
      name: "CustomAdapter",
      dependencies: [
        "TinyHTTP", "TinyEventStreams", .product(name: "EventSourceServer", package: "eventsource-kit"),
      ]),
    .testTarget(
      name: "TinyEventStreamsTests",
      dependencies: [
        "TinyHTTP", "TinyEventStreams", .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceTesting", package: "eventsource-kit"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
