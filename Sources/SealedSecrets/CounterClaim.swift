internal import TrustedHardware
internal import Vocabulary

/// The counter that a new file is sealed to, and the value that it is sealed at.
///
/// A file opens while the counter has not passed its value. What replaces another is sealed at a value
/// that the counter has not reached: it opens before the counter moves and after, and can be proven
/// while the file before it still opens.
struct CounterClaim: Sendable {
  let limit: SealedSecretHeader.CounterLimit
  /// Whether nothing but this run knows of the counter.
  let isNew: Bool

  /// More moves than runs that were cut off could have left; each wears the TPM's memory.
  private static let mostMoves: UInt64 = 16

  /// Makes the counter that a request wants, or takes that of the file that is replaced.
  ///
  /// - Parameters:
  ///   - wish: what the request wants.
  ///   - old: the file that is replaced.
  ///   - others: what cut-off runs left, and should open no longer than the old file.
  ///   - tpm: whose counter it is.
  ///   - parent: salts the session in which the counter is read.
  /// - Returns: nil where there is to be none.
  /// - Throws: `OperatorError` `counter.kept`, `counter.far`, `counter.taken`, `tpm.wrong-owner-auth`,
  ///   or what the TPM fails with.
  static func make(
    _ wish: SealingRequest.CounterWish, replacing old: SealedSecret?, and others: [SealedSecret],
    in tpm: borrowing TPMConnection, under parent: StorageParent
  ) throws -> CounterClaim? {
    guard let former = old?.header.counter else {
      guard case .counter(let index) = wish else { return nil }
      try requireOwner(of: tpm)
      let counter = try tpm.defineCounter(at: index)
      let now = try tpm.value(of: counter, under: parent)
      return CounterClaim(limit: .init(counter, value: now), isNew: true)
    }
    switch wish {
    case .counter(nil): break
    case .counter(let index?) where index == former.counter.index: break
    case .none, .counter:
      throw OperatorError(
        "counter.kept", .usage,
        "what replaces a file has its counter, or the file before would open for ever",
        hint: "leave out --no-counter and --nv-index")
    }
    try requireOwner(of: tpm)
    let now = try tpm.value(of: former.counter, under: parent)
    let rivals = others.compactMap(\.header.counter).filter { $0.counter == former.counter }
    let highest = (rivals + [former]).map(\.value).reduce(now) { max($0, $1) }
    guard highest - now < mostMoves else {
      throw OperatorError(
        "counter.far", .mismatch,
        "a file is sealed at \(highest), and its counter is at \(now): no run of Coffer left that",
        hint: "seal the secret under a new counter, without --replace")
    }
    return CounterClaim(limit: .init(former.counter, value: highest + 1), isNew: false)
  }

  /// Asked before anything is written: what is named could not be made the only one that opens.
  private static func requireOwner(of tpm: borrowing TPMConnection) throws {
    guard try tpm.properties().ownerAuthSet else { return }
    throw OperatorError(
      "tpm.wrong-owner-auth", .failed,
      "a counter is made and moved by the owner hierarchy, which has an authorization value that "
        + "Coffer is not given",
      hint: "clear it with 'tpm2_changeauth -c owner -p OLD'; --no-counter seals without a counter")
  }
}
