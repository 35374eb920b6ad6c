import ArgumentParser
import MeasuredBoot
import SystemPackage

/// Where signed policies are.
struct SignatureOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file of signed PCR values, as 'sign-policy' and systemd-measure write it.",
      discussion: "Without it, tpm2-pcr-signature.json in the folders where systemd looks."),
    completion: .file())
  var signature: String?

  /// The signatures; nil where there are none.
  ///
  /// - Throws: `OperatorError` `pcr-signature.malformed`.
  func signatures() throws -> PCRSignatureFile? {
    try PCRSignatureFile.find(signature.map { FilePath($0) })
  }
}
