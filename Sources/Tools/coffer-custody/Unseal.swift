import ArgumentParser
import Glibc
import LocalFiles
import OperatorConsole
import SealedSecrets
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Opens a sealed secret.
struct Unseal: ToolVerb {
  static let configuration = CommandConfiguration(
    abstract: "Have the TPM open a sealed secret, to a new file or to standard output.",
    discussion: """
      The secret goes out byte for byte as it was sealed. It is not shown on a terminal unless \
      '--out -' says so. A wrong PIN counts as a failed try of the TPM; the last try before a lockout \
      is never made.
      """)

  @Argument(help: "The sealed file.", completion: .file())
  var file: String

  @Option(
    name: .customLong("out"),
    help: "A new file for the secret, mode 0600; - is standard output, even if it is a terminal.",
    completion: .file())
  var target: String?

  @Option(
    help: "A file with the PIN; a line end behind it does not count. - is standard input.",
    completion: .file())
  var pinFile: String?

  @OptionGroup var tpm: TPMOption

  var asJSON: Bool { false }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    guard target != nil || isatty(STDOUT_FILENO) == 0 else {
      throw OperatorError(
        "output.terminal", .usage, "the secret would be shown on the terminal",
        hint: "name a file with --out, or '--out -' if that is what you want")
    }
    // Before the TPM is asked: what cannot be written costs no try of a PIN.
    if let target, target != "-", LocalPath(FilePath(target)).exists { throw taken(target) }
    let sealed = try SealedSecret(from: FilePath(file))
    let source = PINSource(pinFile, isNew: false)
    let secret = try sealed.open(by: tpm.address) { try source.pin() }
    try write(secret)
    if let moves = try? sealed.outstanding(in: tpm.address), moves > 0 {
      context.console.warn(
        "the run that sealed \(file) was cut off: what it replaced may still open; seal it anew with "
          + "'coffer-custody seal --replace \(file) --out \(file)'")
    }
    return .done
  }

  private func write(_ secret: borrowing SecretBytes) throws {
    do {
      guard let target, target != "-" else {
        try secret.withBytes { bytes in
          _ = try unsafe bytes.withUnsafeBytes {
            unsafe try FileDescriptor.standardOutput.writeAll($0)
          }
        }
        return
      }
      do {
        try secret.withBytes {
          try DurableFile.write($0, to: FilePath(target), taken: .refuse)
        }
      } catch Errno.fileExists {
        throw taken(target)
      }
    } catch let error as Errno {
      throw OperatorError(
        "output.failed", .failed, "cannot write \(target ?? "standard output"): \(error)")
    }
  }

  private func taken(_ target: String) -> OperatorError {
    OperatorError("output.exists", .refused, "\(target) is there, and is not written over")
  }
}
