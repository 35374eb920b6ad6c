import ArgumentParser
import Custody
import MeasuredBoot
import TrustedHardware
import Vocabulary

/// Which TPM.
struct TPMOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The TPM, as driver:configuration, for example swtpm:path=/run/tpm.sock.",
      discussion: "Without it the machine's own: \(TPMConnection.defaultTCTI)."))
  var tcti: String?

  /// Where it is.
  var address: TPMAddress { TPMAddress(tcti ?? TPMConnection.defaultTCTI) }

  /// Asks the TPM what a volume's tokens need to know.
  ///
  /// A machine may have none of its own, which is no error; one that is named must answer. One that
  /// answers that it failed does not hide the volume.
  func ask(for volume: Volume, _ signatures: PCRSignatureFile?) throws -> TPMAnswer {
    do {
      return .state(try TPMState(of: address.connect(), for: volume, signatures: signatures))
    } catch let error as OperatorError
      where error.code == "tpm.failed" || (error.code == "tpm.unreachable" && tcti == nil)
    {
      return .none(error)
    }
  }
}
