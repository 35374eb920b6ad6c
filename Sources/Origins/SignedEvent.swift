import SecretMemory
import Vocabulary

/// A message event of this server's own, held against the keys that may have signed it.
///
/// Matrix specification, server-server API, "Signing events": the signature is over the canonical
/// JSON of the redacted event without `signatures` and `unsigned`. A message's content is redacted
/// to `{}` in every room version, so only the outer keys differ between versions.
struct SignedEvent {
  enum Verdict {
    case genuine(key: String)
    case forged(key: String)
    /// No key that is there is among those that signed.
    case unknown
  }

  private let redacted: [UInt8]
  private let signatures: [String: JSONValue]

  /// Reads an event as Synapse keeps it; nil where it cannot be read.
  init?(_ json: String, roomVersion: String) {
    guard
      case .object(let event) = try? JSONDocument.decode(JSONValue.self, from: Array(json.utf8)),
      case .object(let signatures) = event["signatures"]
    else { return nil }
    var kept = [
      "type", "room_id", "sender", "state_key", "hashes", "depth", "prev_events", "auth_events",
      "origin_server_ts",
    ]
    let version = Int(roomVersion) ?? Int.max
    if version <= 2 { kept.append("event_id") }
    if version <= 10 { kept += ["origin", "membership", "prev_state"] }
    var redacted = event.filter { kept.contains($0.key) }
    redacted["content"] = .object([:])
    guard let bytes = try? JSONDocument.line(JSONValue.object(redacted)) else { return nil }
    self.redacted = bytes
    self.signatures = signatures
  }

  /// Checks the server's signatures with the keys that are there.
  func verdict(_ server: String, _ keys: [String: [UInt8]]) -> Verdict {
    guard case .object(let own) = signatures[server] else { return .unknown }
    for (id, value) in own.sorted(by: { $0.key < $1.key }) {
      guard let key = keys[id], case .text(let text) = value,
        let signature = Base64.decode(text, padding: .none)
      else { continue }
      let isGenuine = redacted.withBytes { Ed25519.verify(signature, of: $0, by: key) }
      return isGenuine ? .genuine(key: id) : .forged(key: id)
    }
    return .unknown
  }
}
