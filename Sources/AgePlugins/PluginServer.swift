package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// The plugin's side of the protocol, over keys that this program knows.
///
/// age-plugin.md. It asks nobody anything, so it says what it has to say and listens to little.
package struct PluginServer: Sendable {
  /// Reads a recipient as it is written.
  package typealias RecipientReader = @Sendable (String) throws -> any Recipient
  /// Reads an identity as it is written.
  package typealias IdentityReader = @Sendable (RawSpan) throws -> any KeyPair

  private let channel: PluginChannel
  private let readRecipient: RecipientReader
  private let readIdentity: IdentityReader

  package init(
    _ channel: PluginChannel, recipients readRecipient: @escaping RecipientReader,
    identities readIdentity: @escaping IdentityReader
  ) {
    self.channel = channel
    self.readRecipient = readRecipient
    self.readIdentity = readIdentity
  }

  /// Wraps the file keys that a client gives, for the recipients that it gives.
  ///
  /// - Throws: where the client cannot be understood; what is wrong with its keys, it is told.
  package func wrap() throws {
    var recipients: [any Recipient] = []
    var fileKeys: [FileKeyHolder] = []
    var knowsLabels = false
    var problem: Problem?
    var counts: [String: Int] = [:]
    try collect { message in
      switch message.command {
      case "add-recipient", "add-identity":
        let kind = String(message.command.dropFirst("add-".count))
        let index = counts[kind, default: 0]
        counts[kind] = index + 1
        do {
          recipients.append(try recipient(kind, message.arguments.first ?? ""))
        } catch {
          problem = problem ?? Problem([kind, "\(index)"], error)
        }
      case "wrap-file-key": fileKeys.append(try FileKeyHolder(message.body))
      case "extension-labels": knowsLabels = true
      default: break
      }
    }
    // Where anything is wrong no stanza may be sent, so all are made before the first is.
    var wrapped: [WrappedFileKey] = []
    if problem == nil {
      do {
        wrapped = try fileKeys.map { try Self.wrap($0, for: recipients) }
      } catch {
        problem = Problem(["internal"], error)
      }
    }
    if problem == nil { try say(wrapped, withLabels: knowsLabels) }
    try end(with: problem)
  }

  private static func wrap(
    _ fileKey: FileKeyHolder, for recipients: [any Recipient]
  ) throws -> WrappedFileKey {
    let all = try recipients.map { try $0.wrap(fileKey.key) }
    return WrappedFileKey(
      all.flatMap(\.stanzas), labels: all.reduce(into: []) { $0.formUnion($1.labels) })
  }

  private func say(_ wrapped: [WrappedFileKey], withLabels: Bool) throws {
    for (file, result) in wrapped.enumerated() {
      for stanza in result.stanzas {
        let body = stanza.body.withBytes { SecretBytes(copying: $0) }
        try say(
          PluginMessage(
            "recipient-stanza", ["\(file)", stanza.type] + stanza.arguments, body: body))
      }
    }
    let labels = wrapped.first?.labels ?? []
    if withLabels, !labels.isEmpty { try say(PluginMessage("labels", labels.sorted())) }
  }

  /// Unwraps the file keys of the stanzas that a client gives, with the identities that it gives.
  ///
  /// - Throws: where the client cannot be understood; what is wrong with its keys, it is told.
  package func unwrap() throws {
    var identities: [any Identity] = []
    var files: [Int: [Stanza]] = [:]
    var problem: Problem?
    var count = 0
    try collect { message in
      switch message.command {
      case "add-identity":
        defer { count += 1 }
        guard let text = message.arguments.first else { return }
        do {
          identities.append(try identity(text))
        } catch {
          problem = problem ?? Problem(["identity", "\(count)"], error)
        }
      case "recipient-stanza":
        guard message.arguments.count >= 2, let file = Int(message.arguments[0]) else { return }
        files[file, default: []].append(
          Stanza(
            type: message.arguments[1], arguments: Array(message.arguments.dropFirst(2)),
            body: message.body.withBytes { $0.copied() }))
      default: break
      }
    }
    if problem == nil {
      for (file, stanzas) in files.sorted(by: { $0.key < $1.key }) {
        problem = try problem ?? open(stanzas, of: file, with: identities)
      }
    }
    try end(with: problem)
  }

  /// Gives the client the file key of one file, where an identity opens a stanza.
  /// - Returns: which stanza is broken, if one is.
  private func open(
    _ stanzas: [Stanza], of file: Int, with identities: [any Identity]
  ) throws -> Problem? {
    for (index, stanza) in stanzas.enumerated() {
      for identity in identities {
        do {
          guard let fileKey = try identity.unwrap([stanza]) else { continue }
          let body = fileKey.withBytes { SecretBytes(copying: $0) }
          try say(PluginMessage("file-key", ["\(file)"], body: body))
          return nil
        } catch let error as AgeError {
          return Problem(["stanza", "\(file)", "\(index)"], error)
        }
      }
    }
    return nil
  }

  private func recipient(_ kind: String, _ text: String) throws -> any Recipient {
    kind == "recipient" ? try readRecipient(text) : try identity(text).publicHalf()
  }

  private func identity(_ text: String) throws -> any KeyPair {
    try Array(text.utf8).withBytes { try readIdentity($0) }
  }

  /// Listens until the client has said all; what is not known is passed over.
  private func collect(_ take: (borrowing PluginMessage) throws -> Void) throws {
    while true {
      let message = try channel.receive()
      if message.command == "done" { return }
      try take(message)
    }
  }

  /// Says something, and waits for the answer, which may be that it is not understood.
  private func say(_ message: borrowing PluginMessage) throws {
    try channel.send(message)
    _ = try channel.receive()
  }

  private func end(with problem: Problem?) throws {
    if let problem { try say(PluginMessage("error", problem.arguments, text: problem.text)) }
    try channel.send(PluginMessage("done"))
  }

  /// What the client is told instead of an answer.
  private struct Problem {
    let arguments: [String]
    let text: String

    init(_ arguments: [String], _ error: any Error) {
      self.arguments = arguments
      text = (error as? OperatorError)?.message ?? "\(error)"
    }
  }

  /// A file key among others.
  private final class FileKeyHolder {
    let key: FileKey

    init(_ bytes: borrowing SecretBytes) throws {
      guard bytes.count == FileKey.size else {
        throw OperatorError("plugin.protocol", .failed, "a file key is \(FileKey.size) bytes")
      }
      key = FileKey { key in
        bytes.withBytes { key.copy(from: $0) }
      }
    }
  }
}
