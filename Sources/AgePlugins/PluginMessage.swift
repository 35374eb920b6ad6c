package import SecretMemory

/// What client and plugin say to each other: a stanza whose body may be secret.
///
/// age-plugin.md, "Protocol".
package struct PluginMessage: ~Copyable, Sendable {
  /// What is said, the first argument.
  package let command: String
  /// The arguments after it.
  package let arguments: [String]
  /// The body, of any size, in locked memory.
  package let body: SecretBytes

  package init(_ command: String, _ arguments: [String] = [], body: consuming SecretBytes) {
    self.command = command
    self.arguments = arguments
    self.body = body
  }

  /// A message without a body.
  package init(_ command: String, _ arguments: [String] = []) {
    self.init(command, arguments, body: SecretBytes(count: 0) { _ in })
  }

  /// A message whose body is a text.
  package init(_ command: String, _ arguments: [String] = [], text: String) {
    self.init(
      command, arguments, body: Array(text.utf8).withBytes { SecretBytes(copying: $0) })
  }

  /// The body as a text, for what is not secret.
  package var text: String { body.withBytes { String(decoding: $0.copied(), as: UTF8.self) } }
}
