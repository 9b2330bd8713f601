// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "ChannelAuthorization",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "eventsource-kit", path: "../.."),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
  ],
  targets: [
    .executableTarget(
      name: "ChannelAuthorization",
      dependencies: [
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "JWTKit", package: "jwt-kit"),
      ]
    )
  ]
)
