// swift-tools-version: 6.3
import PackageDescription

/// The same for every target: an import is internal unless it says otherwise, a member is visible only through its own
/// module's import, and an existential is spelled out.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

var package = Package(
  name: "eventsource-kit",
  platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
  products: [
    .library(name: "EventSourceFormat", targets: ["EventSourceFormat"]),
    .library(name: "EventSourceServer", targets: ["EventSourceServer"]),
    .library(name: "EventSourceClient", targets: ["EventSourceClient"]),
    .library(name: "EventSourceAsyncHTTPClient", targets: ["EventSourceAsyncHTTPClient"]),
    .library(name: "EventSourceHTTPTypes", targets: ["EventSourceHTTPTypes"]),
    .library(name: "EventSourceTesting", targets: ["EventSourceTesting"]),
  ],
  traits: [
    .trait(name: "AsyncHTTPClient", description: "EventSourceAsyncHTTPClient: the client over AsyncHTTPClient"),
    .trait(name: "HTTPTypes", description: "EventSourceHTTPTypes: requests and heads of swift-http-types"),
  ],
  // Fetched only by who turns the trait on: every use of them is guarded by it.
  dependencies: [
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.81.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.26.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.3.0"),
  ],
  targets: [
    .target(name: "EventSourceFormat", swiftSettings: settings),
    .target(name: "EventSourceServer", dependencies: ["EventSourceFormat"], swiftSettings: settings),
    .target(
      name: "EventSourceClient",
      dependencies: [
        "EventSourceFormat", .target(name: "CEventSourceCurl", condition: .when(platforms: [.linux])),
      ],
      swiftSettings: settings
    ),
    .target(name: "CEventSourceCurl"),
    .target(
      name: "EventSourceTesting",
      dependencies: ["EventSourceServer", "EventSourceFormat"],
      swiftSettings: settings
    ),
    .target(
      name: "EventSourceAsyncHTTPClient",
      dependencies: [
        "EventSourceClient",
        .product(
          name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(
          name: "NIOHTTPCompression", package: "swift-nio-extras", condition: .when(traits: ["AsyncHTTPClient"])),
      ],
      path: "Integrations/AsyncHTTPClient/Sources/EventSourceAsyncHTTPClient", swiftSettings: settings),
    .target(
      name: "EventSourceHTTPTypes",
      dependencies: [
        "EventSourceClient",
        .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["HTTPTypes"])),
      ],
      path: "Integrations/HTTPTypes/Sources/EventSourceHTTPTypes", swiftSettings: settings),
    .testTarget(
      name: "EventSourceFormatTests",
      dependencies: ["EventSourceFormat"],
      resources: [.copy("Conformance")],
      swiftSettings: settings
    ),
    .testTarget(
      name: "EventSourceServerTests",
      dependencies: ["EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      swiftSettings: settings
    ),
  ],
  swiftLanguageModes: [.v6]
)

// Only who builds this product needs SQLite's headers.
package.products.append(.library(name: "EventSourceSQLite", targets: ["EventSourceSQLite"]))
package.targets += [
  .systemLibrary(
    name: "CSQLite", path: "Integrations/SQLite/Sources/CSQLite", pkgConfig: "sqlite3",
    providers: [.apt(["libsqlite3-dev"])]),
  .target(
    name: "EventSourceSQLite", dependencies: ["CSQLite", "EventSourceServer", "EventSourceFormat"],
    path: "Integrations/SQLite/Sources/EventSourceSQLite", swiftSettings: settings),
  // What the tests kill, limit, or let read beside them.
  .executableTarget(
    name: "HistoryProgram", dependencies: ["EventSourceSQLite", "EventSourceServer", "EventSourceFormat"],
    path: "Integrations/SQLite/Tests/HistoryProgram", swiftSettings: settings),
  .testTarget(
    name: "EventSourceSQLiteTests",
    dependencies: [
      "EventSourceSQLite", "EventSourceServer", "EventSourceTesting", "EventSourceFormat", "CSQLite", "HistoryProgram",
    ],
    path: "Integrations/SQLite/Tests/EventSourceSQLiteTests", swiftSettings: settings),
]

// Foundation's JSON, in a product of its own: the format and the server do without.
package.products.append(.library(name: "EventSourceJSON", targets: ["EventSourceJSON"]))
#if os(Linux)
  let builtInServer: [Target.Dependency] = ["EventSourceBuiltInServer"]
#else
  let builtInServer: [Target.Dependency] = []
#endif
package.targets += [
  .target(
    name: "EventSourceJSON", dependencies: ["EventSourceServer", "EventSourceFormat"] + builtInServer,
    swiftSettings: settings),
  .testTarget(
    name: "EventSourceJSONTests",
    dependencies: ["EventSourceJSON", "EventSourceServer", "EventSourceFormat"] + builtInServer,
    swiftSettings: settings),
]

#if os(Linux)
  // Only who builds this product needs libevent's headers.
  package.products.append(.library(name: "EventSourceLibevent", targets: ["EventSourceLibevent"]))
  // Only who builds this product needs hiredis's headers.
  package.products.append(.library(name: "EventSourceRedis", targets: ["EventSourceRedis"]))
  package.targets += [
    .systemLibrary(
      name: "CHiredis", path: "Integrations/Redis/Sources/CHiredis", pkgConfig: "hiredis",
      providers: [.apt(["libhiredis-dev"])]),
    .target(
      name: "EventSourceRedis", dependencies: ["CHiredis", "EventSourceServer", "EventSourceFormat"],
      path: "Integrations/Redis/Sources/EventSourceRedis", swiftSettings: settings),
    .testTarget(
      name: "EventSourceRedisTests",
      dependencies: ["EventSourceRedis", "EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      path: "Integrations/Redis/Tests/EventSourceRedisTests", swiftSettings: settings),
  ]

  // For C programs, of which Integrations/Libevent/install.sh makes libraries that they can link: without SQLite and
  // with it.
  package.products += [
    .library(name: "EventSourceC", type: .dynamic, targets: ["EventSourceC"]),
    .library(name: "EventSourceCSQLite", type: .dynamic, targets: ["EventSourceCSQLite"]),
  ]
  package.targets += [
    .systemLibrary(name: "CEventSource", path: "Integrations/Libevent/Sources/CEventSource"),
    .target(
      name: "EventSourceC",
      dependencies: ["CEventSource", "CLibevent", "EventSourceLibevent", "EventSourceServer", "EventSourceFormat"],
      path: "Integrations/Libevent/Sources/EventSourceC", swiftSettings: settings),
    .target(
      name: "EventSourceCSQLite",
      dependencies: ["CEventSource", "EventSourceC", "EventSourceServer", "EventSourceSQLite"],
      path: "Integrations/Libevent/Sources/EventSourceCSQLite", swiftSettings: settings),
    .systemLibrary(
      name: "CLibevent", path: "Integrations/Libevent/Sources/CLibevent", pkgConfig: "libevent",
      providers: [.apt(["libevent-dev"])]),
    .target(
      name: "EventSourceLibevent", dependencies: ["CLibevent", "EventSourceServer"],
      path: "Integrations/Libevent/Sources/EventSourceLibevent", swiftSettings: settings),
    .testTarget(
      name: "EventSourceLibeventTests",
      dependencies: ["EventSourceLibevent", "EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      path: "Integrations/Libevent/Tests/EventSourceLibeventTests", swiftSettings: settings,
      linkerSettings: [.linkedLibrary("event_pthreads")]),
  ]

  package.products.append(.library(name: "EventSourceBuiltInServer", targets: ["EventSourceBuiltInServer"]))
  package.targets += [
    .target(name: "CEventSourceLinux"),
    .target(
      name: "EventSourceBuiltInServer",
      dependencies: ["EventSourceServer", "CEventSourceLinux"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "EventSourceBuiltInServerTests",
      dependencies: ["EventSourceBuiltInServer", "EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "EventSourceClientTests",
      dependencies: [
        "EventSourceClient", "EventSourceAsyncHTTPClient", "EventSourceHTTPTypes", "EventSourceBuiltInServer",
        "EventSourceServer", "EventSourceFormat",
        .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["HTTPTypes"])),
        .product(
          name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["AsyncHTTPClient"])),
      ],
      swiftSettings: settings
    ),
  ]
#endif
