import Foundation
import ProofTools
import Testing

/// A volume that a passphrase, a TPM, a TPM with a PIN and a recovery key open, and that holds data; its
/// key is to be changed.
struct RotatedVolume {
  let sealed: SealedVolume
  let data: [UInt8]
  let pin: String
  let recoveryKey: String
  /// The same without a line end, as cryptsetup wants it.
  let recoveryKeyLine: String

  init() async throws {
    var chance = SystemRandomNumberGenerator()
    data = (0..<(1 << 17)).flatMap { _ in
      let word = chance.next()
      return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    sealed = try SealedVolume(holding: data)
    pin = try sealed.office.write("4711\n", to: "pin")
    recoveryKey = sealed.office.path("recovery-key")
    try await sealed.change("enroll", "--pcrs", "7").expect(0)
    try await sealed.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    try await sealed.run(
      ["recovery-key", sealed.image.path, "--unlock-key-file", sealed.image.passphrase]
        + ["--key-output", recoveryKey, "--typed-back", recoveryKey] + sealed.agreed
    ).expect(0)
    recoveryKeyLine = try sealed.office.write(
      String(String(contentsOfFile: recoveryKey, encoding: .utf8).dropLast()), to: "line")
  }

  /// Changes the volume key, with all that opens it at hand.
  @discardableResult func rotate(
    _ options: String..., fault: String? = nil
  ) async throws -> Program.Outcome {
    try await sealed.run(
      ["rotate-volume-key", sealed.image.path, "--tcti", sealed.tpm.tcti, "--pin-file", pin]
        + ["--unlock-key-file", sealed.image.passphrase, "--recovery-key-file", recoveryKey]
        + sealed.agreed + options, fault: fault)
  }

  /// Whether cryptsetup opens it by the recovery key.
  func opensByRecoveryKey() -> Bool {
    (try? sealed.image.run([
      "open", "--test-passphrase", "--key-file", recoveryKeyLine, sealed.image.path, "x",
    ])) != nil
  }

  /// Expects everything that opened it before to open it now, and its data to be what it was.
  func expectWhole(_ after: String = "", location: SourceLocation = #_sourceLocation) async throws {
    #expect(sealed.opensByPassphrase(), "\(after)", sourceLocation: location)
    #expect(opensByRecoveryKey(), "\(after)", sourceLocation: location)
    let slots = try sealed.listed().values.sorted()
    #expect(
      slots == ["password", "recovery", "tpm2", "tpm2"], "\(after)", sourceLocation: location)
    #expect(
      try SystemdTokenPlugin.open(sealed.image, sealed.tpm) >= 0, "\(after)",
      sourceLocation: location)
    let verified = try await sealed.luks(
      "verify", "--pin-file", pin, "--unlock-key-file", sealed.image.passphrase,
      "--recovery-key-file", recoveryKey)
    #expect(verified.status == 0, "\(after): \(verified)", sourceLocation: location)
    let findings = try await sealed.findings()
    #expect(
      findings.allSatisfy { !$0.hasPrefix("change.") && !$0.hasPrefix("reencryption.") },
      "\(after): \(findings)", sourceLocation: location)
    #expect(
      try sealed.image.decrypted().starts(with: data), "\(after)", sourceLocation: location)
  }

  /// The digests of the volume key, as cryptsetup writes them.
  func digests() throws -> [String] {
    try sealed.image.run(["luksDump", sealed.image.path]).split(separator: "\n")
      .drop { !$0.hasPrefix("Digests:") }.map(String.init)
  }
}
