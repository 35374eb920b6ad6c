package import AgeFormat
import LocalFiles
import Recipients
package import SystemPackage
package import Vocabulary

/// Who may open each compartment from now on: JSON of the shape that the configuration has.
///
/// ```json
/// {"recipients": {"officers": ["age1…", "age1…"]}, "compartments": {"core": {"recipients": "officers"}}}
/// ```
package struct RewrapPolicy: Sendable {
  /// The recipients of one compartment.
  package struct Readers: Sendable {
    /// As age writes them.
    package let texts: [String]
    package let recipients: [any Recipient]
  }

  private struct Group: Decodable {
    let recipients: String
  }

  private struct Document: Decodable {
    let recipients: [String: [String]]
    let compartments: [String: Group]
  }

  /// What a configuration has besides; one that is written as JSON is a policy, too.
  private static let known = [
    "recipients", "compartments", "store", "state", "host_key", "metrics",
  ]

  package let compartments: [CompartmentName: Readers]

  /// Reads a policy.
  ///
  /// - Throws: `policy.unreadable`, `policy.malformed`, and what is wrong with a recipient.
  package init(at path: FilePath) throws {
    let bytes: [UInt8]
    do {
      bytes = try LocalPath(path).read()
    } catch {
      throw OperatorError("policy.unreadable", .usage, "cannot read the policy \(path): \(error)")
    }
    try self.init(bytes, called: path.string)
  }

  init(_ bytes: [UInt8], called name: String) throws {
    func malformed(_ why: String) -> OperatorError {
      OperatorError(
        "policy.malformed", .usage, "\(name): \(why)",
        hint: "'coffer-backup policy' prints the one of a host's configuration")
    }
    guard let top = try? JSONDocument.decode([String: JSONValue].self, from: bytes) else {
      throw malformed("it is no JSON object")
    }
    for key in top.keys.sorted() where !Self.known.contains(key) {
      throw malformed("'\(key)' is not known; there are 'recipients' and 'compartments'")
    }
    guard let document = try? JSONDocument.decode(Document.self, from: bytes) else {
      throw malformed(
        "'recipients' must give lists by their names, and 'compartments' one of these names each")
    }
    guard !document.compartments.isEmpty else { throw malformed("it names no compartment") }
    var compartments: [CompartmentName: Readers] = [:]
    for (text, group) in document.compartments.sorted(by: { $0.key < $1.key }) {
      guard let compartment = CompartmentName(text) else {
        throw malformed("'\(text)' cannot be the name of a compartment")
      }
      guard let texts = document.recipients[group.recipients], !texts.isEmpty else {
        throw malformed(
          "compartment '\(text)' names recipients '\(group.recipients)', of which there are none")
      }
      compartments[compartment] = Readers(
        texts: texts,
        recipients: try texts.map { text in
          do {
            return try RecipientRegistry.parse(text)
          } catch let error as OperatorError {
            throw error.at("\(name), recipients '\(group.recipients)'")
          }
        })
    }
    self.compartments = compartments
  }
}
