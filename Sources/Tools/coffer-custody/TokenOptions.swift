import ArgumentParser
import Custody

/// By whom tokens are opened, and with which PIN.
struct TokenOptions: ParsableArguments {
  @OptionGroup var signature: SignatureOption
  @OptionGroup var pin: PINOptions
  @OptionGroup var tpm: TPMOption

  /// The TPM, with the signatures that vouch for its PCRs.
  ///
  /// - Throws: `OperatorError` `pcr-signature.malformed`.
  func opener() throws -> TokenOpener {
    try TokenOpener(tpm.address, signatures: signature.signatures())
  }
}

/// A change of what a TPM opens: by whom tokens are opened, what unlocks the volume, and what surrounds
/// every change.
struct SealingOptions: ParsableArguments {
  @OptionGroup var token: TokenOptions
  @OptionGroup var unlock: UnlockOptions
  @OptionGroup var change: ChangeOptions

  func validate() throws {
    guard unlock.unlockKeyFile != "-" || token.pin.pinFile != "-" else {
      throw ValidationError("standard input is either the key or the PIN")
    }
  }
}
