import Configuration
import LocalFiles
import SystemPackage

extension HostKeys {
  /// Warns of each key that others than its owner may use: who holds the host's key writes its ledger.
  static func warnOfOpenFiles(
    _ configuration: CofferConfiguration, _ listener: any OperationListener
  ) {
    let others: FilePermissions = [.groupReadWriteExecute, .otherReadWriteExecute]
    let paths =
      [configuration.hostKey] + configuration.compartments.map { path(of: $0.name, configuration) }
    for path in paths {
      guard let mode = LocalPath(path).mode, !mode.isDisjoint(with: others) else { continue }
      listener.hear(
        .warning(
          "the key \(path) has mode \(String(mode.rawValue, radix: 8)): others than its owner may "
            + "use it; chmod 600 it"))
    }
  }
}
