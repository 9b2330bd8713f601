// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "NIOServer",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "eventsource-kit", path: "../..", traits: ["NIO"]),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.83.0"),
  ],
  targets: [
    .executableTarget(
      name: "NIOServer",
      dependencies: [
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceNIO", package: "eventsource-kit"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]
    )
  ],
  swiftLanguageModes: [.v6]
)
