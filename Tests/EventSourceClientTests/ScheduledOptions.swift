import EventSourceClient
import Foundation

/// The configuration of a schedule, and the format in which its server writes events.
struct ScheduledOptions {
  enum Ending: String, CaseIterable { case lastEvent, close, cancel, leave }

  let ending: Ending
  let mode: EventSource.Configuration.Mode
  let commitsExplicitly: Bool
  let hasStore: Bool
  /// The last event of the reader before it began, given by the store, the configuration, or a field of the request.
  let first: Int
  let firstIsIn: Place
  let hasProvider: Bool
  let keepsCookies: Bool
  let usesExponentialBackoff: Bool
  let jitter: Double
  let hasTimeouts: Bool
  let maximumFailedAttempts: Int?
  /// The event that marks the end and is not delivered.
  let sentinel: Int?
  /// The buffer size of a shared source's consumers. `nil` means that the source is not shared.
  let sharedLimit: Int?
  let lineEnd: String

  enum Place: String, CaseIterable { case store, configuration, field }

  init(using random: inout SeededGenerator) {
    ending = Ending.allCases.randomElement(using: &random)!
    mode = Int.random(in: 1...6, using: &random) == 1 ? .singleResponse : .subscription
    commitsExplicitly = Bool.random(using: &random)
    hasStore = Int.random(in: 1...4, using: &random) > 1
    first = Int.random(in: 1...3, using: &random) == 1 ? Int.random(in: 1...6, using: &random) : 0
    let place = Place.allCases.randomElement(using: &random)!
    firstIsIn = place == .store && !hasStore ? .field : place
    hasProvider = Bool.random(using: &random)
    keepsCookies = Bool.random(using: &random)
    usesExponentialBackoff = Bool.random(using: &random)
    jitter = [0, 0.5].randomElement(using: &random)!
    hasTimeouts = Bool.random(using: &random)
    maximumFailedAttempts = [nil, 1, 3].randomElement(using: &random)!
    sentinel = Int.random(in: 1...5, using: &random) == 1 ? Int.random(in: 7...12, using: &random) : nil
    sharedLimit = Int.random(in: 1...4, using: &random) == 1 ? Int.random(in: 1...4, using: &random) : nil
    lineEnd = ["\n", "\r\n", "\r"].randomElement(using: &random)!
  }

  /// Longer than any delay, so only silence reaches it.
  static let timeLimit = Duration.seconds(1000)

  func configure(_ configuration: inout EventSource.Configuration) {
    configuration.mode = mode
    configuration.initialConnectionFailure = .retry(for: nil)
    configuration.connectTimeout = hasTimeouts ? Self.timeLimit : nil
    configuration.headTimeout = hasTimeouts ? Self.timeLimit : nil
    configuration.readTimeout = hasTimeouts ? Self.timeLimit : nil
    configuration.reconnectionTime = .milliseconds(100)
    configuration.maximumReconnectionTime = .milliseconds(800)
    configuration.maximumServerDelay = .seconds(2)
    configuration.usesExponentialBackoff = usesExponentialBackoff
    configuration.jitter = jitter
    configuration.maximumFailedAttempts = maximumFailedAttempts
    configuration.keepsCookies = keepsCookies
    configuration.acknowledgement = commitsExplicitly ? .explicit : .automatic
    if first > 0, firstIsIn == .configuration { configuration.lastEventID = Self.id(of: first) }
    if let sentinel { configuration.endsAtEvent = { $0.id == Self.id(of: sentinel) } }
  }

  /// The names under which occurrences of these options are counted.
  var names: [String] {
    [
      "ending \(ending)", "mode \(mode)", hasStore ? "store" : "no store",
      first > 0 ? "begins by \(firstIsIn)" : "begins at first", hasProvider ? "provider" : "no provider",
      keepsCookies ? "cookies" : "no cookies", hasTimeouts ? "timeouts" : "no timeouts",
      sentinel == nil ? "no sentinel" : "sentinel", sharedLimit == nil ? "not shared" : "shared",
      commitsExplicitly ? "explicit commits" : "implicit commits",
      maximumFailedAttempts == nil ? "any number of failures" : "limited failures",
    ]
  }

  // MARK: Events

  static func id(of number: Int) -> String { number % 5 == 0 ? "the-long-id-of-event-\(number)" : "\(number)" }

  static func number(of id: String) -> Int? { id.split(separator: "-").last.flatMap { Int($0) } }

  static func type(of number: Int) -> String { ["message", "a", "a-type-of-some-length"][number % 3] }

  static func data(of number: Int) -> String { number % 4 == 0 ? "\(number)\nsecond line" : "\(number)" }

  /// Returns the text of an event. The server chooses the order of its fields.
  func text(of number: Int, in order: Int) -> String {
    let id = ["id: \(Self.id(of: number))"]
    let type = number % 3 == 0 ? [] : ["event: \(Self.type(of: number))"]
    let data = Self.data(of: number).split(separator: "\n").map { "data: \($0)" }
    let fields = [id + type + data, data + type + id, type + data + id, data + id + type][order % 4]
    return (fields + ["", ""]).joined(separator: lineEnd)
  }
}
