import ArgumentParser
import FileEncryption
import OperatorConsole
import Recipients
import SecretMemory
import Vocabulary

/// Makes an identity, or says whom to encrypt to for one that is there.
struct Keygen: ToolVerb {
  static let configuration = CommandConfiguration(
    abstract: "Make an identity, or show the recipient of one.",
    discussion: """
      A file that is made has mode 0600, and nothing is ever written over. With --pq both forms of a \
      post-quantum identity are written: AGE-SECRET-KEY-PQ-1… for coffer-age and for age from 1.3 \
      on, and, as a comment, AGE-PLUGIN-PQ-1… for an older age with age-plugin-pq.
      """)

  @Flag(help: "Make a post-quantum identity (ML-KEM-768 and X25519).")
  var pq = false

  @Flag(name: .customShort("y"), help: "Read an identity file and write its recipients.")
  var convert = false

  @Option(name: [.short, .long], help: "Write to this file.", completion: .file())
  var output: String?

  @Argument(help: "With -y: the identity file; standard input if none.", completion: .file())
  var input: [String] = []

  var asJSON: Bool { false }

  func validate() throws {
    if input.count > 1 || (!input.isEmpty && !convert) {
      throw ValidationError(convert ? "one INPUT at a time" : "INPUT goes with -y only")
    }
    if convert, pq { throw ValidationError("--pq and -y exclude each other") }
  }

  func perform(_ context: ToolContext) async throws -> ExitStatus {
    if convert {
      let recipients = try KeyFiles.recipients(of: input.first ?? "-")
      try KeyFiles.write(recipients.map { "\($0)\n" }.joined(), to: output)
      return .done
    }
    let identity: KeyFileText.Identity =
      pq ? .hybrid(try HybridIdentity.generate()) : .classic(X25519Identity.generate())
    try KeyFiles.write(KeyFileText.of(identity, created: Timestamp.now()), to: output)
    if output != nil || !KeyFiles.showsOnTerminal {
      context.console.tell("Public key: \(identity.recipient)")
    }
    return .done
  }
}
