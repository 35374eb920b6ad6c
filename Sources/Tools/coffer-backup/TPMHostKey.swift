import Configuration
import Operations
import SealedSecrets
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Has the TPM open the host's key, at night, with nobody there to type a PIN.
struct TPMHostKey: HostKeyOpener {
  func open(_ file: FilePath, _ seal: HostKeySeal) throws -> SecretBytes {
    let sealed = try SealedSecret(from: file)
    let tpm = TPMAddress(seal.tcti ?? TPMConnection.defaultTCTI)
    guard !sealed.header.hasPIN else { throw asksForPIN(file) }
    return try sealed.open(by: tpm) { throw asksForPIN(file) }
  }

  private func asksForPIN(_ file: FilePath) -> OperatorError {
    OperatorError(
      "keys.sealed-with-pin", .usage,
      "the sealed host key \(file) asks for a PIN, and nobody is there at night to type it",
      hint: "seal it without one: 'coffer-custody seal' with PCRs and no --pin")
  }
}
