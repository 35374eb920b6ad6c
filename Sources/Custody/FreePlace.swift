internal import TrustedHardware
internal import Vocabulary

/// Numbers that are free in a volume's header: of a keyslot, of a token for it, and of a token that
/// marks the change.
package struct FreePlace: Sendable {
  /// The lowest free keyslot.
  package let keyslot: Int
  /// The lowest free token: systemd 252 asks tokens in their order.
  package let token: Int
  /// The highest free token.
  let mark: Int

  /// - Throws: `OperatorError` `luks.no-free-keyslot`, `luks.no-free-token`.
  package init(in volume: Volume) throws {
    let keyslots = Set(volume.keyslots.map(\.number))
    let tokens = Set(volume.tokens.map(\.number))
    guard let keyslot = (0..<32).first(where: { !keyslots.contains($0) }) else {
      throw OperatorError(
        "luks.no-free-keyslot", .refused, "all 32 keyslots of \(volume.device) are in use",
        hint: "retire one: coffer-custody luks retire")
    }
    let free = (0..<32).filter { !tokens.contains($0) }
    guard let token = free.first, let mark = free.last, token != mark else {
      throw OperatorError(
        "luks.no-free-token", .refused,
        "of the 32 tokens of \(volume.device) not two are free",
        hint: "retire a keyslot that has one: coffer-custody luks retire")
    }
    (self.keyslot, self.token, self.mark) = (keyslot, token, mark)
  }
}
