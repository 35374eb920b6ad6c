import ArgumentParser
import CustodyRecords
import Glibc
import LocalFiles
import OperatorConsole
import SealedSecrets
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Seals a secret into a file that only this machine's TPM opens.
struct Seal: CofferVerb {
  static let configuration = CommandConfiguration(
    abstract: "Seal a secret into a file that only this TPM opens, with the PCRs as they are now.",
    discussion: """
      For an age identity, the host's signing key and the like, up to 64 KiB. The file is written \
      under a temporary name, read back, and opened by the TPM in a fresh connection, and only then it \
      has its name.

      A counter in the TPM closes files that were replaced: --replace OLD seals anew, to the PCRs of \
      now, and no copy of OLD is opened any more. The secret comes from --in, or from OLD while it \
      still opens; what is not said otherwise is as it was in OLD.

      A TPM that breaks or is cleared takes the secret with it: keep a copy elsewhere. \
      docs/formats/sealed-secret.md says what is in the file.
      """)

  @Option(help: "The PCRs to seal to, for example 7,11.")
  var pcrs: PCRList?

  @Option(help: "The bank of the PCRs: sha256, sha384, sha512 or sha1.")
  var bank: PCRBank?

  @Option(
    help: "PCRs among those of --pcrs that are meant to be never extended when it is opened.")
  var unextended = PCRList()

  @Flag(help: "Use no counter: what is sealed anew later does not close this file.")
  var noCounter = false

  @Option(help: "The NV index of the counter, for example 0x01800100; else the first free one.")
  var nvIndex: String?

  @Option(help: "What the secret is for: age-identity, minisign-key or other.")
  var purpose: SecretPurpose?

  @Option(help: "The sealed file that this one replaces.", completion: .file())
  var replace: String?

  @Option(name: .customLong("in"), help: "The secret; - is standard input.", completion: .file())
  var input: String?

  @Option(name: .customLong("out"), help: "The file to write.", completion: .file())
  var target: String

  @OptionGroup var pin: PINOptions
  @OptionGroup var state: StateOption
  @OptionGroup var tpm: TPMOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if noCounter, nvIndex != nil {
      throw ValidationError("--no-counter and --nv-index exclude each other")
    }
    if input ?? (replace == nil ? "-" : "") == "-", pin.pinFile == "-" {
      throw ValidationError("standard input is the secret or the PIN, not both")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    let former = try replace.map { try SealedSecret(from: FilePath($0)) }
    let request = try request(after: former)
    let source = PINSource(pin.pinFile, isNew: input != nil || former?.header.hasPIN != true)
    let secret = try secret(of: former, source)
    let record = SealingRecord(
      try state.record(), file: FilePath(target), replacing: replace.map { FilePath($0) }, former)
    let (sealed, head) = try record.make {
      try SecretSealing(request, by: tpm.address, steps: FaultInjection.sealing).seal(
        secret, to: FilePath(target), replacing: replace.map { FilePath($0) }
      ) { try source.pin() }
    }
    tell(sealed, head, instead: former, context.console)
    return .done
  }

  private func request(after former: SealedSecret?) throws -> SealingRequest {
    let old = former?.header
    return try SealingRequest(
      pcrs: PCRChoice(
        pcrs?.indexes ?? Set(old?.values.keys.map(\.self) ?? []), of: bank ?? old?.bank ?? .sha256,
        unextended: unextended.indexes),
      hasPIN: pin.hasPIN || old?.hasPIN == true, purpose: purpose ?? old?.purpose ?? .other,
      counter: noCounter ? .none : .counter(at: handle()))
  }

  private func handle() throws -> UInt32? {
    guard let nvIndex else { return nil }
    let digits = nvIndex.hasPrefix("0x") ? nvIndex.dropFirst(2) : nvIndex[...]
    guard let index = UInt32(digits, radix: 16) else {
      throw OperatorError(
        "counter.bad-index", .usage, "'\(nvIndex)' is no handle of an NV index",
        hint: "those of the owner are 0x01800000 to 0x01bfffff")
    }
    return index
  }

  private func secret(of former: SealedSecret?, _ source: PINSource) throws -> SecretBytes {
    if let former, input == nil {
      return try former.open(by: tpm.address) { try source.pin() }
    }
    if input ?? "-" == "-", isatty(STDIN_FILENO) == 1 {
      throw OperatorError(
        "seal.no-input", .usage, "a secret is not typed at a terminal",
        hint: "name its file with --in, or give it on standard input")
    }
    return try SecretFile.read(FilePath(input ?? "-"))
  }

  private func tell(
    _ sealed: SealedSecret, _ head: RecordHead, instead former: SealedSecret?, _ console: Console
  ) {
    let report = SealingReport(sealed, at: target, replaced: replace, former, head)
    for line in report.lines { console.say(line) }
    console.emit(report)
    if let former, former.header.counter == nil {
      console.warn("\(replace ?? "") has no counter: whoever has a copy of it can have it opened")
    }
    console.tell("Keep a copy of the secret elsewhere: without this TPM the file is worth nothing.")
  }
}

extension SecretPurpose: ExpressibleByArgument {}
