// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "EvhttpServer",
  dependencies: [.package(name: "eventsource-kit", path: "../../..")],
  targets: [
    .systemLibrary(name: "CEvhttp", pkgConfig: "libevent", providers: [.apt(["libevent-dev"])]),
    .executableTarget(
      name: "EvhttpServer",
      dependencies: [
        "CEvhttp",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
        .product(name: "EventSourceZlib", package: "eventsource-kit"),
      ]
    ),
  ]
)
