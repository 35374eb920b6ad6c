import Custody
import CustodyRecords
import SystemPackage
import Vocabulary

/// What a change of the volume key came to, for people and as JSON.
struct RotationReport: Encodable {
  let event = "rotated"
  let device: String
  let uuid: String
  let oldVolumeKey: SHA256Digest?
  let volumeKey: SHA256Digest?
  let proofs: [KeyslotProof]
  let headerBackup: String
  let recordSequence: Int
  let recordHead: String
  let fixateVolumeKey: String?

  init(_ volume: Volume, _ receipt: GuardedChange.RotationReceipt, fixation: String?) {
    (device, uuid) = (volume.device.string, volume.uuid)
    (oldVolumeKey, volumeKey) = receipt.digests
    proofs = receipt.proofs
    headerBackup = receipt.backup.file.string
    (recordSequence, recordHead) = (receipt.head.sequence, receipt.head.sha256.hex)
    fixateVolumeKey = fixation
  }

  var lines: [String] {
    [
      "the volume key of \(device) is changed; older backups of its header have expired",
      "  digest        \(volumeKey?.hex ?? "none"), before \(oldVolumeKey?.hex ?? "none")",
      "  header now    \(headerBackup)",
      "  record        entry \(recordSequence), head \(recordHead)",
    ] + (fixateVolumeKey.map { ["  crypttab      fixate-volume-key=\($0)"] } ?? [])
  }

  /// As of `luks verify`.
  var status: ExitStatus {
    var status = ExitStatus.done
    for proof in proofs {
      switch proof.outcome {
      case .opened: continue
      case .refused: return .mismatch
      case .untested: status = .partly
      }
    }
    return status
  }
}
