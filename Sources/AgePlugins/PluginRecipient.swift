package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A recipient that a plugin encrypts to: written `age1NAME1…`, or the plugin's own identity.
///
/// age-plugin.md, "Wrapping with recipient-v1".
package struct PluginRecipient: Recipient {
  private enum Key: Sendable {
    case recipient(String)
    case identity(PluginIdentity)
  }

  private let name: PluginName
  private let key: Key
  private let dialogue: any KeyDialogue

  /// Takes a recipient as it is written; the plugin reads it, not we.
  package init(_ name: PluginName, text: String, asking dialogue: any KeyDialogue) {
    self.name = name
    self.dialogue = dialogue
    key = .recipient(text)
  }

  init(_ identity: PluginIdentity, _ name: PluginName, asking dialogue: any KeyDialogue) {
    self.name = name
    self.dialogue = dialogue
    key = .identity(identity)
  }

  /// Lets the plugin wrap a file key; throws `OperatorError` `plugin.…`.
  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    let client = try PluginClient(name, mode: "recipient-v1", asking: dialogue)
    switch key {
    case .recipient(let text): try client.tell(PluginMessage("add-recipient", [text]))
    case .identity(let identity): try identity.introduce(to: client)
    }
    let copy = fileKey.withBytes { SecretBytes(copying: $0) }
    try client.tell(PluginMessage("wrap-file-key", body: copy))
    try client.tell(PluginMessage("extension-labels"))
    try client.tell(PluginMessage("done"))
    var stanzas: [Stanza] = []
    var labels: Set<String>?
    try client.listen { message in
      switch message.command {
      case "recipient-stanza":
        guard message.arguments.count >= 2, message.arguments[0] == "0" else {
          throw wrong("it wraps a file key that it was not given")
        }
        stanzas.append(
          Stanza(
            type: message.arguments[1], arguments: Array(message.arguments.dropFirst(2)),
            body: message.body.withBytes { $0.copied() }))
      case "labels":
        guard labels == nil else { throw wrong("it gives labels twice") }
        labels = Set(message.arguments)
      default: return false
      }
      return true
    }
    guard !stanzas.isEmpty else { throw wrong("it wrapped nothing") }
    return WrappedFileKey(stanzas, labels: labels ?? [])
  }

  private func wrong(_ reason: String) -> OperatorError {
    OperatorError("plugin.protocol", .failed, "the plugin '\(name)' is wrong: \(reason)")
  }
}
