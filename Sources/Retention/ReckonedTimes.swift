package import Vocabulary

/// When entries count as received that the keeper first saw together.
///
/// A keeper that looks once a week sees seven nights at once. He knows their order and when he looked
/// before, so they are spread evenly over the time between; what he saw of a host at first counts as one a
/// day. Nothing of it is a client's word: whoever floods a store fills the time since the last look
/// and no other.
package enum ReckonedTimes {
  /// Spreads entries.
  ///
  /// - Parameters:
  ///   - count: how many were seen together.
  ///   - look: when.
  ///   - before: the look before, nil where it was the first at their host.
  /// - Returns: a moment each, ascending, the last one being the look itself.
  package static func spread(
    _ count: Int, at look: Timestamp, after before: Timestamp?
  ) -> [Timestamp] {
    let end = look.secondsSince1970
    let start = before?.secondsSince1970 ?? end - count * 86_400
    return (1...max(1, count)).prefix(count).map { place in
      Timestamp(secondsSince1970: start + (end - start) * place / count)
    }
  }
}
