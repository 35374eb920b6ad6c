import ArgumentParser
import Keeping
import OperatorConsole
import Receiving
import Repository
import Retention
import Signatures
import StoreWire
import SystemPackage
import Vocabulary

extension CofferStore {
  /// Serves one host, on standard input and output.
  struct Receive: ToolVerb {
    static let configuration = CommandConfiguration(
      abstract: "Take in what a host sends over ssh; a forced command of its key.",
      discussion: """
        In the authorized_keys of the keeper's account, one line a host:

          restrict,command="coffer-store receive --store /srv/coffer --host web.pub --quota 500G" \
        ssh-ed25519 …

        The host adds snapshots and reads its own. It changes and removes nothing that is there, \
        whatever it sends. docs/formats/receive.md describes what goes over the wire.
        """)

    @Option(help: "The store: a directory.", completion: .directory)
    var store: String

    @Option(
      help: "The host's public key, as 'coffer-backup init' wrote it.", completion: .file())
    var host: String

    @Option(help: "How much of the store the host may fill: bytes, or 500G, 2T.")
    var quota: ByteAmount

    @Option(
      help: "The keeper's own folder. [default: the folder 'keeper' in the store]",
      completion: .directory)
    var state: String?

    @Option(help: "After how many seconds of silence a client is taken for gone.")
    var patience = 300

    var asJSON: Bool { false }

    func validate() throws {
      guard (1...86400).contains(patience) else {
        throw ValidationError("--patience is 1 to 86400 seconds")
      }
    }

    func perform(_ context: ToolContext) throws -> ExitStatus {
      let key = try VerifyingKey(hostKeyAt: FilePath(host))
      let keeper = try KeeperFolder(state.map { FilePath($0) }, of: FilePath(store))
      let log = try ReceptionLog(of: key, in: keeper)
      // A key is made where the keeper said that his things go, never unasked in the store itself.
      let receipts = ArrivalReceipts(
        in: FilePath(store), of: keeper, withoutKey: state == nil ? .require : .make
      ) { log.unreceipted($0) }
      defer { receipts.connectionEnded() }
      let inbox = HostInbox(FilePath(store), for: key, quota: quota.bytes) {
        log.received($0)
        receipts.entryCame()
      }
      let channel = WireChannel(
        readingFrom: .standardInput, writingTo: .standardOutput, patience: .seconds(patience))
      let service = StoreService(
        inbox, over: channel, patience: .seconds(patience), refused: { log.refused($0) })
      do {
        try service.run { path in
          guard FilePath(path).lexicallyNormalized() == FilePath(store).lexicallyNormalized() else {
            throw OperatorError(
              "receive.other-store", .refused, "the keeper has no store at \(path) for this host",
              hint: "compare 'store:' with the path that the keeper gave")
          }
        }
      } catch let error as OperatorError {
        log.refused(error)
        throw error
      }
      return .done
    }
  }
}

/// A number of bytes as an operator writes it: `1048576`, `500G`, `2T`.
struct ByteAmount: ExpressibleByArgument {
  private static let units: [Character: Int] = [
    "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
  ]

  let bytes: Int

  init?(argument: String) {
    let unit = argument.last.flatMap { Self.units[$0] }
    let digits = unit == nil ? argument[...] : argument.dropLast()
    guard let number = Int(digits), number > 0 else { return nil }
    let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit ?? 1)
    guard !isTooMuch else { return nil }
    self.bytes = bytes
  }
}
