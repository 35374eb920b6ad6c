internal import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// A talk with a plugin in which the plugin asks and we answer: the second phase of the protocol.
///
/// age-plugin.md, "Phase 2".
struct PluginClient: ~Copyable {
  private let process: PluginProcess
  private let name: PluginName
  private let dialogue: any KeyDialogue

  /// Starts the plugin; throws as `PluginProcess`.
  init(_ name: PluginName, mode: String, asking dialogue: any KeyDialogue) throws {
    process = try PluginProcess(name, mode: mode)
    self.name = name
    self.dialogue = dialogue
  }

  /// Tells the plugin something.
  func tell(_ message: borrowing PluginMessage) throws {
    try naming { try process.channel.send(message) }
  }

  /// Answers until the plugin is done.
  ///
  /// - Parameter take: is lent each message that is not part of the dialogue with a person, and says
  ///   whether it is one of its own.
  /// - Throws: `plugin.error` with what the plugin says went wrong, `plugin.closed`, `plugin.protocol`,
  ///   and what `take` throws.
  func listen(_ take: (borrowing PluginMessage) throws -> Bool) throws {
    while true {
      let message = try naming { try process.channel.receive() }
      switch message.command {
      case "done": return
      case "error":
        try tell(PluginMessage("ok"))
        throw OperatorError(
          "plugin.error", .failed, "the plugin '\(name)' says: \(Self.printable(message.text))")
      case "msg", "request-public", "request-secret", "confirm": try tell(answer(message))
      default: try tell(PluginMessage(try take(message) ? "ok" : "unsupported"))
      }
    }
  }

  private func answer(_ message: borrowing PluginMessage) throws -> PluginMessage {
    let text = "\(name): \(Self.printable(message.text))"
    do {
      switch message.command {
      case "request-public": return PluginMessage("ok", text: try dialogue.ask(text))
      case "request-secret": return PluginMessage("ok", body: try dialogue.askSecret(text))
      case "confirm":
        let labels = message.arguments.map { Self.printable($0, encoded: true) }
        guard let yes = labels.first else { return PluginMessage("fail") }
        let isYes = try dialogue.confirm(text, yes: yes, no: labels.dropFirst().first)
        return PluginMessage("ok", [isYes ? "yes" : "no"])
      default:
        try dialogue.show(text)
        return PluginMessage("ok")
      }
    } catch let error as OperatorError where error.status != .interrupted {
      // Nobody answered, and the plugin may know another way.
      return PluginMessage("fail")
    }
  }

  private func naming<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as OperatorError {
      throw OperatorError(
        error.code, error.status, "the plugin '\(name)': \(error.message)", hint: error.hint)
    }
  }

  /// A text that may stand on a terminal: what a plugin says must not steer it.
  private static func printable(_ text: String, encoded: Bool = false) -> String {
    var text = text
    if encoded {
      text = String(decoding: Base64.decode(text, padding: .none) ?? [], as: UTF8.self)
    }
    return String(
      text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
  }
}
