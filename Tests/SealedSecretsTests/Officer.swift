import ProofTools
import SealedSecrets
import SecretMemory
import SystemPackage
import TrustedHardware

/// Somebody who seals with a software TPM, in a folder of their own.
final class Officer {
  let tpm: SoftwareTPM
  let folder: ScratchFolder

  init() throws {
    tpm = try SoftwareTPM()
    try tpm.extend(7)
    folder = try ScratchFolder()
  }

  var address: TPMAddress { TPMAddress(tpm.tcti) }

  func path(_ name: String) -> FilePath { FilePath(folder.path(of: name)) }

  static func bytes(_ text: String) -> SecretBytes {
    Array(text.utf8).withBytes { SecretBytes(copying: $0) }
  }

  static func pin(_ text: String?) throws -> PIN { try PIN(bytes(text ?? "")) }

  /// Seals a text to PCR 7.
  @discardableResult func seal(
    _ text: String, to name: String = "sealed", replacing old: String? = nil, pin: String? = nil,
    counter: SealingRequest.CounterWish = .counter(at: nil),
    steps: SealingSteps = SealingSteps()
  ) throws -> SealedSecret {
    let request = try SealingRequest(
      pcrs: PCRChoice([7], of: .sha256), hasPIN: pin != nil, purpose: .other, counter: counter)
    return try SecretSealing(request, by: address, steps: steps).seal(
      Self.bytes(text), to: path(name), replacing: old.map { path($0) }
    ) { try Self.pin(pin) }
  }

  /// Opens a file of the folder.
  func open(_ name: String = "sealed", pin: String? = nil) throws -> String {
    try open(SealedSecret(from: path(name)), pin: pin)
  }

  /// Opens what was read already.
  func open(_ sealed: SealedSecret, pin: String? = nil) throws -> String {
    try sealed.open(by: address) { try Self.pin(pin) }
      .withBytes { String(decoding: $0.copied(), as: UTF8.self) }
  }
}
