import EventSourceServer

/// Everything that schedules must exercise. The long run requires that each case occurs.
enum Occurrence: Hashable {
  case hub(HubOption)
  case channel(ChannelOption)
  case endpoint(EndpointOption)
  case grant(GrantOption)
  case call(PublicCall)
  case outcome(PublishOutcome)
  case id(OwnIDKind)
  case request(RequestKind)
  case status(ResponseStatus)
  case history(HistoryAct)
  case stack(StackAct)
  case told(ReaderEvent)
  case state(StateKind)
  case transition(StateKind, StateKind)
  case ending(DisconnectReason)

  static let groups: [(name: String, members: [Occurrence])] = [
    ("options of the hub", HubOption.allCases.map(Occurrence.hub)),
    ("options of a channel", ChannelOption.allCases.map(Occurrence.channel)),
    ("options of an endpoint", EndpointOption.allCases.map(Occurrence.endpoint)),
    ("authorizers", GrantOption.allCases.map(Occurrence.grant)),
    ("calls", PublicCall.allCases.map(Occurrence.call)),
    ("outcomes of publishing", PublishOutcome.allCases.map(Occurrence.outcome)),
    ("IDs of the application's own", OwnIDKind.allCases.map(Occurrence.id)),
    ("requests", RequestKind.allCases.map(Occurrence.request)),
    ("statuses", ResponseStatus.allCases.map(Occurrence.status)),
    ("histories and snapshots", HistoryAct.allCases.map(Occurrence.history)),
    ("stacks and clients", StackAct.allCases.map(Occurrence.stack)),
    ("what readers are told", ReaderEvent.allCases.map(Occurrence.told)),
    ("states", StateKind.allCases.map(Occurrence.state)),
    ("transitions", StateKind.transitions.map { Occurrence.transition($0.from, $0.to) }),
    ("reasons of endings", endings.map(Occurrence.ending)),
  ]

  /// A run's stream alone ends with its run. Runs have their own schedules.
  private static let endings = DisconnectReason.allCases.filter { $0 != .runEnded }

  static let all = groups.flatMap(\.members)

  var name: String {
    switch self {
    case .hub(let it): it.rawValue
    case .channel(let it): it.rawValue
    case .endpoint(let it): it.rawValue
    case .grant(let it): it.rawValue
    case .call(let it): it.rawValue
    case .outcome(let it): it.rawValue
    case .id(let it): it.rawValue
    case .request(let it): it.rawValue
    case .status(let it): it.rawValue
    case .history(let it): it.rawValue
    case .stack(let it): it.rawValue
    case .told(let it): it.rawValue
    case .state(let it): it.rawValue
    case .transition(let from, let to): "\(from.rawValue)→\(to.rawValue)"
    case .ending(let it): it.rawValue
    }
  }
}
