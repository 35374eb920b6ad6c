import ArgumentParser
import MeasuredBoot
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Predicts PCR values of a boot with new components.
struct LUKSPredict: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the PCR values of the next boot, with a new kernel, initrd or command line.",
    discussion: """
      The event log of the last boot is replayed and held against the TPM; a PCR that it does not \
      explain is refused. Then what is new takes the place of what was measured. PCR 11 of a \
      unified kernel image needs neither log nor TPM. How far this can be trusted: \
      docs/measured-boot.md.
      """)

  @Option(help: "The firmware's event log.", completion: .file())
  var eventLog = EventLog.defaultPath.string

  @Option(help: "systemd's log of what it measured; there is none before 255.", completion: .file())
  var userspaceLog: String?

  @Option(help: "The bank: sha1, sha256, sha384 or sha512.")
  var bank = PCRBank.sha256

  @Option(help: "Which PCRs, 4,7,9 for example; without it all that the log has or you give.")
  var pcrs: PCRList?

  @OptionGroup(title: "What is new") var components: BootComponentOptions

  @Option(
    help: "When the volume is opened: enter-initrd, leave-initrd, sysinit, ready, or ':'.")
  var phase = BootPhase.enterInitrd

  @Option(
    name: .customLong("pcr"),
    help: ArgumentHelp("A value that is not to be predicted.", valueName: "index=hex"))
  var overrides: [PCRAssignment] = []

  @Option(
    help: ArgumentHelp("A digest that will be extended after all else.", valueName: "index=hex"))
  var extend: [PCRAssignment] = []

  @Flag(
    help: ArgumentHelp(
      "Take the log's word, without a TPM to hold it against.",
      discussion: "For the log of a machine that is elsewhere."))
  var withoutTpm = false

  @OptionGroup var tpm: TPMOption

  @Option(
    name: .customLong("output"),
    help: "Write the values to this file, for enroll, reseal and sign-policy.", completion: .file())
  var file: String?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    for given in overrides + extend where given.bytes.count != bank.digestSize {
      throw ValidationError(
        "PCR \(given.index) of the \(bank.rawValue) bank has \(bank.digestSize) bytes")
    }
    let twice = Dictionary(grouping: overrides, by: \.index).first { $0.value.count > 1 }
    if let twice { throw ValidationError("PCR \(twice.key) is given twice") }
    if withoutTpm, tpm.tcti != nil {
      throw ValidationError("--without-tpm and --tcti contradict each other")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    let predicted = try predict(context.console)
    for (index, value) in predicted.values.sorted(by: { $0.key < $1.key }) {
      context.console.say("\(bank.rawValue):\(index)  \(Hexadecimal.encode(value))")
      if !PCRBank.isExtended(value) {
        context.console.warn("PCR \(index) is never extended: a policy over it asks for nothing")
      }
    }
    if let file {
      try ResultFile.write(JSONDocument.pretty(predicted), to: FilePath(file))
    }
    context.console.emit(predicted)
    return .done
  }

  private func predict(_ console: Console) throws -> PredictedPCRs {
    let given = Dictionary(uniqueKeysWithValues: overrides.map { ($0.index, $0.bytes) })
    var values: [Int: [UInt8]] = [:]
    if let alone = try kernelImageAlone(given) {
      values = alone
    } else if let pcrs, pcrs.indexes.isSubset(of: given.keys), !components.needsLog {
      // All that is asked for is given.
    } else {
      values = try fromLog(given, console)
    }
    values.merge(given) { $1 }
    if let pcrs { values = values.filter { pcrs.indexes.contains($0.key) } }
    guard !values.isEmpty else {
      throw OperatorError("usage", .usage, "no PCR is asked for", hint: "name them with --pcrs")
    }
    var predicted = PredictedPCRs(bank: bank, values: values)
    for extension_ in extend {
      guard values[extension_.index] != nil else {
        throw OperatorError(
          "usage", .usage, "PCR \(extension_.index) is extended, and not among those asked for")
      }
      predicted.extend(extension_.index, by: extension_.bytes)
    }
    return predicted
  }

  /// PCR 11, where the image is all that it takes; nil where the log is needed.
  private func kernelImageAlone(_ given: [Int: [UInt8]]) throws -> [Int: [UInt8]]? {
    guard !components.needsLog, let pcrs, pcrs.indexes.subtracting(given.keys) == [11],
      let images = try components.images()
    else { return nil }
    return [11: try images.new.kernelImagePCR(bank, until: phase)]
  }

  private func fromLog(_ given: [Int: [UInt8]], _ console: Console) throws -> [Int: [UInt8]] {
    let path = FilePath(eventLog)
    let firmware = try EventLog(path)
    // systemd's log is of this boot; beside a log from elsewhere it must be named.
    let userspacePath =
      userspaceLog.map { FilePath($0) }
      ?? (path == EventLog.defaultPath ? UserspaceLog.defaultPath : nil)
    let record = BootRecord(firmware, try userspacePath.flatMap { try UserspaceLog($0) })
    var wanted = pcrs?.indexes ?? Set(firmware.events.map(\.pcr))
    if components.uki != nil, pcrs == nil { wanted.insert(11) }
    wanted.subtract(given.keys)
    if withoutTpm {
      console.warn("the event log is not held against a TPM")
    } else {
      let connection = try TPMConnection(tcti: tpm.tcti ?? TPMConnection.defaultTCTI)
      let live = try connection.read(wanted, of: bank)
      let lacking = wanted.subtracting(live.keys).sorted().map(String.init)
      guard lacking.isEmpty else {
        throw OperatorError(
          "eventlog.no-bank", .mismatch,
          "the TPM has no PCR \(lacking.joined(separator: ", ")) in a \(bank.rawValue) bank")
      }
      try record.check(live, bank)
    }
    var prediction = try Prediction(record, bank, pcrs: wanted, until: phase)
    try components.apply(to: &prediction, until: phase)
    for replaced in prediction.replacements {
      console.say("replaced: \(replaced.component) in PCR \(replaced.pcr)")
    }
    return try prediction.values()
  }
}
