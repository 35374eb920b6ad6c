internal import Vocabulary

/// How far a boot is, as systemd-pcrphase measures it: a word into PCR 11 at each step.
///
/// Source: systemd-pcrphase.service(8); systemd-measure(1), `--phase=`.
package struct BootPhase: Sendable, Equatable {
  /// The words that systemd measures, in their order.
  package static let words = [
    "enter-initrd", "leave-initrd", "sysinit", "ready", "shutdown", "final",
  ]

  /// The words that were measured until then; none for the moment before the initrd.
  package let path: [String]

  /// In the initrd, where a root volume is unlocked.
  package static let enterInitrd = BootPhase(path: ["enter-initrd"])

  private init(path: [String]) { self.path = path }

  /// Reads a path, `enter-initrd:leave-initrd`, or a last word, `leave-initrd`; `:` is the moment
  /// before the first word.
  ///
  /// Returns nil where no word of ours ends the path.
  package init?(_ text: String) {
    let given = text.split(separator: ":").map(String.init)
    guard let last = given.last else {
      guard text == ":" else { return nil }
      path = []
      return
    }
    if given.count > 1 {
      // Other words can be measured by other units, and are the operator's to know.
      guard given.allSatisfy({ !$0.contains(" ") }) else { return nil }
      path = given
    } else if let end = Self.words.firstIndex(of: last) {
      path = Array(Self.words[...end])
    } else {
      return nil
    }
  }

  /// The path, written as systemd-measure does.
  package var text: String { path.isEmpty ? ":" : path.joined(separator: ":") }

  /// The word in a record's content, where the record is of a phase.
  static func word(of content: JSONValue?) -> String? {
    guard case .object(let fields)? = content, fields["eventType"] == .text("phase"),
      case .text(let word)? = fields["string"]
    else { return nil }
    return word
  }
}
