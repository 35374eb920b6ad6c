package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// An identity that a plugin opens files with, written `AGE-PLUGIN-NAME-1…`.
///
/// age-plugin.md, "Unwrapping with identity-v1". The text stays in locked memory: it may be a secret,
/// and only the plugin knows.
package final class PluginIdentity: KeyPair {
  private let name: PluginName
  private let text: SecretBytes
  private let dialogue: any KeyDialogue

  /// Takes an identity as it is written; the plugin reads it, not we.
  package init(_ name: PluginName, text: RawSpan, asking dialogue: any KeyDialogue) {
    self.name = name
    self.text = SecretBytes(copying: text)
    self.dialogue = dialogue
  }

  package func publicHalf() -> any Recipient {
    PluginRecipient(self, name, asking: dialogue)
  }

  /// Lets the plugin look for a stanza it can open; nil where it finds none.
  ///
  /// Throws `OperatorError` `plugin.…`.
  package func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
    let client = try PluginClient(name, mode: "identity-v1", asking: dialogue)
    try introduce(to: client)
    for stanza in stanzas {
      let body = stanza.body.withBytes { SecretBytes(copying: $0) }
      try client.tell(
        PluginMessage("recipient-stanza", ["0", stanza.type] + stanza.arguments, body: body))
    }
    try client.tell(PluginMessage("done"))
    var opened: SecretBytes?
    try client.listen { message in
      guard message.command == "file-key" else { return false }
      guard message.arguments.first == "0", message.body.count == FileKey.size, opened == nil else {
        throw OperatorError(
          "plugin.protocol", .failed, "the plugin '\(name)' is wrong: it gives no usable file key")
      }
      opened = message.body.withBytes { SecretBytes(copying: $0) }
      return true
    }
    guard let opened = consume opened else { return nil }
    return FileKey { key in opened.withBytes { key.copy(from: $0) } }
  }

  /// Tells a plugin which identity it is.
  func introduce(to client: borrowing PluginClient) throws {
    let written = text.withBytes { String(decoding: $0.copied(), as: UTF8.self) }
    try client.tell(PluginMessage("add-identity", [written]))
  }
}

extension PluginIdentity: CustomStringConvertible, CustomReflectable {
  package var description: String { "an identity of the plugin '\(name)'" }
  package var customMirror: Mirror { Mirror(self, children: ["plugin": name.text]) }
}
