/// What is wrong with a connection, or with who is at its other end; each side says it in its own words.
package enum WireError: Error, Equatable {
  /// The other side went away before it had said all.
  case ended
  /// The other side said nothing, or took nothing, for too long.
  case silent
  /// What it said is not to the protocol.
  case malformed
}
