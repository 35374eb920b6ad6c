import Custody
import CustodyRecords
import SystemPackage
import Vocabulary

/// What a change came to, for people and as JSON.
struct ChangeReport: Encodable {
  let event: String
  let device: String
  let uuid: String
  let keyslot: Int?
  let token: Int?
  let retired: Int?
  let headerBackup: String
  let recordSequence: Int
  let recordHead: String

  init(
    _ event: String, _ volume: Volume, keyslot: Int?, token: Int? = nil, retired: Int? = nil,
    _ receipt: GuardedChange.Receipt
  ) {
    self.event = event
    (device, uuid) = (volume.device.string, volume.uuid)
    (self.keyslot, self.token, self.retired) = (keyslot, token, retired)
    headerBackup = receipt.backup.file.string
    recordSequence = receipt.head.sequence
    recordHead = receipt.head.sha256.hex
  }

  var lines: [String] {
    [
      "  header before \(headerBackup)",
      "  record        entry \(recordSequence), head \(recordHead)",
    ]
  }
}
