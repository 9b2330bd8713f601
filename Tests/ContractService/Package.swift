// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "ContractService",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../..", traits: ["AsyncHTTPClient"])],
  targets: [
    .executableTarget(
      name: "ContractService",
      dependencies: [
        .product(name: "EventSourceClient", package: "eventsource-kit"),
        .product(name: "EventSourceAsyncHTTPClient", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
      ]
    )
  ]
)
