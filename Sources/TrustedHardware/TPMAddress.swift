/// Where a TPM is; each connection to it is a fresh context that knows nothing of those before.
package struct TPMAddress: Sendable {
  private let tcti: String

  /// Takes `driver:configuration`, for example `swtpm:path=/run/tpm.sock`, or the path of a device.
  package init(_ tcti: String) {
    self.tcti = tcti
  }

  /// Connects.
  ///
  /// - Throws: `OperatorError` `tpm.unreachable`, `tpm.failed`.
  package func connect() throws -> TPMConnection { try TPMConnection(tcti: tcti) }
}
