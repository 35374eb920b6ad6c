import ArgumentParser
import CustodyRecords
import LocalFiles
import MeasuredBoot
import OperatorConsole
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Signs PCR values, for volumes that trust the key.
struct LUKSSignPolicy: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "sign-policy",
    abstract: "Sign PCR values, so that volumes bound to the key open with them.",
    discussion: """
      Writes what systemd reads as tpm2-pcr-signature.json, after an entry in the custody record. The values are those that were \
      predicted, or those of the TPM now. A signature cannot be taken back: a key signs what may \
      open the volume for as long as the volume trusts it.
      """)

  @Option(
    help: "The RSA private key in PEM, without a passphrase; - for standard input.",
    completion: .file())
  var key: String

  @Option(help: "Which PCRs, 11 for example.")
  var pcrs: PCRList

  @Option(help: "The bank; systemd before 260 checks signatures of sha256 alone.")
  var bank = PCRBank.sha256

  @Option(
    help: "Values that 'predict --output' wrote; may be given several times.", completion: .file())
  var predicted: [String] = []

  @OptionGroup var tpm: TPMOption

  @Option(help: "A file with signatures to add these to.", completion: .file())
  var appendTo: String?

  @Option(
    name: .customLong("output"),
    help: "Where to write the signatures; without either option they are printed.",
    completion: .file())
  var file: String?

  @OptionGroup var state: StateOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !predicted.isEmpty, tpm.tcti != nil {
      throw ValidationError("--predicted and --tcti contradict each other")
    }
    if appendTo != nil, file != nil {
      throw ValidationError("--append-to and --output contradict each other")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    let signingKey = try RSASigningKey(
      pem: SecretFile.read(FilePath(key)), of: key == "-" ? "standard input" : key)
    var signatures = try appendTo.map { try PCRSignatureFile(FilePath($0)) } ?? PCRSignatureFile()
    var policies: [String] = []
    for values in try values() {
      policies.append(Hexadecimal.encode(try signatures.sign(values, with: signingKey).bytes))
    }
    let fingerprint = signingKey.publicKey.fingerprint.hex
    // It cannot be taken back once it is out, so that the record comes first.
    try state.record().append(
      CustodyAction(
        "policy.sign", on: .init(device: nil, uuid: nil),
        details: [
          "key": .text(fingerprint), "bank": .text(bank.rawValue),
          "pcrs": .list(pcrs.indexes.sorted().map { .integer($0) }),
          "policies": .list(policies.map { .text($0) }),
        ]))
    guard let target = appendTo ?? file else {
      context.console.say(String(decoding: try signatures.bytes, as: UTF8.self).trimmedEnd)
      context.console.emit(try JSONDocument.decode(JSONValue.self, from: signatures.bytes))
      return .done
    }
    try ResultFile.write(signatures.bytes, to: FilePath(target))
    for policy in policies { context.console.say("signed \(policy) with key \(fingerprint)") }
    context.console.emit(
      Signed(policies: policies, key: fingerprint, entries: signatures.count, file: target))
    return .done
  }

  /// What is signed, one policy each.
  private func values() throws -> [PredictedPCRs] {
    guard predicted.isEmpty else { return try predicted.map(values(in:)) }
    let connection = try TPMConnection(tcti: tpm.tcti ?? TPMConnection.defaultTCTI)
    let live = try connection.read(pcrs.indexes, of: bank)
    guard live.count == pcrs.indexes.count else {
      throw OperatorError(
        "tpm.failed", .failed, "the TPM does not have these PCRs in a \(bank.rawValue) bank")
    }
    return [try refusingUnused(PredictedPCRs(bank: bank, values: live))]
  }

  private func values(in path: String) throws -> PredictedPCRs {
    let whole = try PredictedPCRs(FilePath(path))
    let chosen = whole.values.filter { pcrs.indexes.contains($0.key) }
    guard whole.bank == bank, chosen.count == pcrs.indexes.count else {
      throw OperatorError(
        "predicted.malformed", .usage,
        "\(path) has not all of these PCRs in the bank "
          + bank.rawValue)
    }
    return try refusingUnused(PredictedPCRs(bank: bank, values: chosen))
  }

  /// A signature over PCRs that nothing is measured into would open the volume for every system.
  private func refusingUnused(_ values: PredictedPCRs) throws -> PredictedPCRs {
    guard values.values.values.contains(where: PCRBank.isExtended) else {
      throw OperatorError(
        "predict.never-extended", .refused,
        "nothing was ever measured into these PCRs: the policy would hold for any system",
        hint: "PCR 11 needs a unified kernel image with systemd-stub")
    }
    return values
  }

  private struct Signed: Encodable {
    let event = "policy-signed"
    let policies: [String]
    let key: String
    let entries: Int
    let file: String
  }
}

extension String {
  /// Without the line end, which the console writes.
  fileprivate var trimmedEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}
