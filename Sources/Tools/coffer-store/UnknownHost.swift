import Repository
import Signatures
import SystemPackage
import Vocabulary

/// A host whose key nobody has named yet: what to say of it, and how to name it once.
struct UnknownHost {
  private let host: KeyID
  private let hostname: String?
  private let options: KeeperOptions

  /// - Parameters:
  ///   - host: the id of its key.
  ///   - hostname: what it calls itself in its ledger, for which nobody vouches; nil where that is not known.
  ///   - options: how the tool was called.
  init(_ host: KeyID, called hostname: String? = nil, _ options: KeeperOptions) {
    (self.host, self.hostname, self.options) = (host, hostname, options)
  }

  /// The error, with what follows from it here.
  func error(_ consequence: String) -> OperatorError {
    let name = hostname.map { " (it calls itself \($0.onOneLine))" } ?? ""
    return OperatorError(
      "keeper.unknown-host", .partly,
      "the key of host \(host)\(name) is not known: \(consequence)",
      hint: "on that host the key is /etc/coffer/host.pub, or the .pub beside the host_key of its "
        + "configuration; bring the file here by another way than the store, see that it names \(idInFile), and run "
        + "once: \(call)")
  }

  /// The id as minisign writes it into the file, without leading zeros.
  private var idInFile: String { String(host.value, radix: 16, uppercase: true) }

  private var call: String {
    let state = options.state.map { " --state \(Self.word($0))" } ?? ""
    return "coffer-store status --store \(Self.word(options.store))\(state) --trust host.pub"
  }

  /// A word as a shell takes it.
  private static func word(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
      ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x2B && $0 <= 0x3A || $0 == 0x5F
    }
    return isPlain ? text : "'" + text.onOneLine.replacing("'", with: "'\\''") + "'"
  }
}
