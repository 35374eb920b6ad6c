/// The order of a night.
package enum NightTurn: Int, Sendable, Comparable {
  case bridgeDatabase
  case database
  case synapseDatabase
  case sqlite
  case files
  case media

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
