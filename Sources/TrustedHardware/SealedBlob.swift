internal import CTSS2
internal import Vocabulary

/// A sealed object as systemd's token has it: TPM2B_PRIVATE and then TPM2B_PUBLIC, big-endian.
///
/// Source: systemd, `src/shared/tpm2-util.c`, `tpm2_marshal_blob`; TPM 2.0 Library Specification
/// 1.59, part 2, sections 12.3.7 and 12.2.5.
enum SealedBlob {
  static func write(_ sealed: TPM2B_PRIVATE, _ area: TPM2B_PUBLIC) throws -> [UInt8] {
    var (sealed, area) = (sealed, area)
    let room = MemoryLayout<TPM2B_PRIVATE>.size + MemoryLayout<TPM2B_PUBLIC>.size
    var bytes = [UInt8](repeating: 0, count: room)
    var size = 0
    let written = unsafe [
      Tss2_MU_TPM2B_PRIVATE_Marshal(&sealed, &bytes, room, &size),
      Tss2_MU_TPM2B_PUBLIC_Marshal(&area, &bytes, room, &size),
    ]
    if let failed = written.first(where: { $0 != 0 }) {
      throw TPMFailure.error("write a sealed secret down", failed)
    }
    return Array(bytes.prefix(size))
  }

  /// - Throws: `OperatorError` `tpm.bad-blob`.
  static func read(_ bytes: [UInt8]) throws -> (TPM2B_PRIVATE, TPM2B_PUBLIC) {
    var (sealed, area) = (TPM2B_PRIVATE(), TPM2B_PUBLIC())
    var place = 0
    guard unsafe Tss2_MU_TPM2B_PRIVATE_Unmarshal(bytes, bytes.count, &place, &sealed) == 0,
      unsafe Tss2_MU_TPM2B_PUBLIC_Unmarshal(bytes, bytes.count, &place, &area) == 0
    else {
      throw OperatorError("tpm.bad-blob", .mismatch, "what should be a sealed secret is none")
    }
    // An object that was made elsewhere for this TPM has a seed behind it, to be imported.
    guard bytes[place...].allSatisfy({ $0 == 0 }) else {
      throw OperatorError(
        "tpm.bad-blob", .mismatch,
        "the secret was sealed on another machine for this TPM, which Coffer does not import")
    }
    return (sealed, area)
  }
}
