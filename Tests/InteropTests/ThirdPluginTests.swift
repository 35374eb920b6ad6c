import Foundation
import ProofTools
import SecretMemory
import Testing

@testable import Recipients

/// A plugin that knows nothing of Coffer, found on the search path under names that say what it does.
@Suite(
  "coffer-age and a plugin of somebody else's",
  .enabled(if: StockTool("python3", in: ["/usr/bin"]) != nil, "python3 is not installed"))
struct ThirdPluginTests {
  private let folder: Holder
  private let environment: [String: String]

  /// A folder that lives as long as the test.
  private final class Holder: Sendable {
    let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }
  }

  init() throws {
    folder = try Holder()
    environment = ["PATH": folder.scratch.path(of: "plugins") + ":/usr/bin:/bin"]
    try install("plain", in: "plugins")
    try folder.scratch.write("what is kept", to: "in")
  }

  // MARK: What the tests do

  /// Puts the plugin into a folder, under a name.
  private func install(_ name: String, in place: String) throws {
    let path = folder.scratch.path(of: place)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let program = "\(place)/age-plugin-\(name)"
    try folder.scratch.write(try Oracles.text(of: "third_plugin.py"), to: program)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.scratch.path(of: program))
  }

  private func recipient(_ name: String) -> String {
    Bech32.text(of: [1, 2, 3], name: "age1\(name)")
  }

  private func identity(_ name: String) throws -> String {
    let text = Bech32.text(of: [1, 2, 3], name: "AGE-PLUGIN-\(name.uppercased())-")
    return try folder.scratch.write("# of a plugin\n\(text)\n", to: "identity-of-plugin")
  }

  private var sealed: String { folder.scratch.path(of: "sealed") }

  /// Seals file `in`; says what coffer-age said.
  private func seal(_ recipients: String...) throws -> StockTool.Outcome {
    try cofferAge(
      recipients.flatMap { ["-r", $0] } + ["-o", sealed, folder.scratch.path(of: "in")],
      environment: environment, in: folder.scratch.path(of: "plugins"))
  }

  /// Opens file `sealed` with an identity of a plugin.
  private func open(_ name: String) throws -> StockTool.Outcome {
    try cofferAge(
      ["-d", "-i", identity(name), sealed], environment: environment,
      in: folder.scratch.path(of: "plugins"))
  }

  // MARK: What goes well

  @Test("what the plugin wraps it unwraps, by an identity and by its name alone")
  func roundTrip() throws {
    let made = try seal(recipient("plain"))
    #expect(made.status == 0, "\(made)")
    #expect(try open("plain").text == "what is kept")
    let byName = try cofferAge(["-d", "-j", "plain", sealed], environment: environment)
    #expect(byName.text == "what is kept")
  }

  @Test("encrypting to a plugin's identity asks the plugin for the recipient")
  func toIdentity() throws {
    let made = try cofferAge(
      ["-e", "-i", identity("plain"), "-o", sealed, folder.scratch.path(of: "in")],
      environment: environment)
    #expect(made.status == 0, "\(made)")
    #expect(try open("plain").text == "what is kept")
  }

  @Test("a word that we do not know is answered so, and the plugin goes on")
  func unknownWords() throws {
    try install("unheard", in: "plugins")
    let made = try seal(recipient("unheard"))
    #expect(made.status == 0, "\(made)")
    #expect(try open("unheard").text == "what is kept")
  }

  @Test("questions reach the person at the terminal, and the answers the plugin")
  func questions() throws {
    try install("talks", in: "plugins")
    let answers = [
      Oracles.Answer(question: "Which slot?", text: "nine", isSecret: false),
      Oracles.Answer(question: "PIN?", text: "123456"),
      Oracles.Answer(question: "1 go on, 2 stop:", text: "1", isSecret: false),
      Oracles.Answer(question: "1 fine:", text: "1", isSecret: false),
    ]
    let tool = StockTool(built: "coffer-age").path
    let input = folder.scratch.path(of: "in")
    let made = try Oracles.atTerminal(
      [tool, "-r", recipient("talks"), "-o", sealed, input], answers: answers,
      environment: environment, notes: folder.scratch)
    #expect(made.status == 0, "\(made)")
    #expect(made.text.contains("talks: touch the key"))
    #expect(!made.text.contains("\u{1b}[31m"), "a plugin gave an order to the terminal")
    #expect(!made.text.contains("123456"), "a PIN was shown")

    let output = folder.scratch.path(of: "out")
    let opened = try Oracles.atTerminal(
      [tool, "-d", "-i", identity("talks"), "-o", output, sealed], answers: answers,
      environment: environment, notes: folder.scratch)
    #expect(opened.status == 0, "\(opened)")
    #expect(try folder.scratch.readText("out") == "what is kept")
  }

  @Test("labels keep recipients apart that must not share a file, and let equals together")
  func labels() throws {
    try install("labels", in: "plugins")
    try install("quantum", in: "plugins")
    let classic = X25519Identity.generate().recipient.text
    let hybrid = try HybridIdentity.generate().recipient.text
    #expect(try seal(recipient("labels"), recipient("labels")).status == 0)
    #expect(try seal(recipient("quantum"), hybrid).status == 0)
    #expect(try seal(recipient("plain"), classic).status == 0)
    for (one, other) in [("labels", classic), ("quantum", classic), ("labels", hybrid)] {
      let refused = try seal(recipient(one), other)
      #expect(refused.status == 2 && refused.text.contains("must not stand"), "\(refused)")
    }
  }

  // MARK: What goes wrong

  @Test("what a plugin says went wrong is said, with nothing in it that steers a terminal")
  func errors() throws {
    #expect(try seal(recipient("plain")).status == 0)
    try install("wrong", in: "plugins")
    for outcome in [try seal(recipient("wrong")), try open("wrong")] {
      #expect(outcome.status == 1)
      #expect(outcome.text.contains("the plugin 'wrong' says: the key is in the other coat"))
      #expect(!outcome.text.contains("\u{1b}"))
    }
  }

  @Test("a plugin that opens nothing and says nothing has no identity for the file")
  func silence() throws {
    #expect(try seal(recipient("plain")).status == 0)
    try install("silent", in: "plugins")
    let opened = try open("silent")
    #expect(opened.status == 12, "\(opened)")
  }

  @Test(
    "a plugin that dies, chatters or repeats itself is named",
    arguments: [("dead", "ended before"), ("rude", "does not speak"), ("twice", "is wrong")])
  func misbehaviour(name: String, complaint: String) throws {
    #expect(try seal(recipient("plain")).status == 0)
    try install(name, in: "plugins")
    for outcome in [try seal(recipient(name)), try open(name)] {
      #expect(outcome.status == 1, "\(outcome)")
      #expect(
        outcome.text.contains("the plugin '\(name)'") && outcome.text.contains(complaint),
        "\(outcome)")
    }
  }

  @Test("a question that nobody can answer fails, and is no wait without end")
  func nobodyThere() throws {
    try install("talks", in: "plugins")
    let setsid = try #require(StockTool("setsid"))
    let arguments = [
      "-w", StockTool(built: "coffer-age").path, "-r", recipient("talks"),
      folder.scratch.path(of: "in"),
    ]
    let refused = try setsid.run(arguments, environment: environment)
    #expect(refused.status == 1 && refused.text.contains("the plugin 'talks'"), "\(refused)")
  }

  // MARK: What is never run

  @Test("a plugin in the current folder is not run, whatever the search path says")
  func currentFolder() throws {
    try install("plain", in: "here/below")
    let here = folder.scratch.path(of: "here/below")
    for path in [".:/usr/bin", "/usr/bin::", "/usr/bin:", "../below:/usr/bin", ""] {
      let outcome = try cofferAge(
        ["-r", recipient("plain"), folder.scratch.path(of: "in")], environment: ["PATH": path],
        in: here)
      #expect(outcome.status == 20, "PATH '\(path)': \(outcome)")
    }
  }

  @Test(
    "a name that leads out of the search path is no name",
    arguments: ["x/../../here/plain", "../here/plain", "/plain", "a\\b", "$(id)"])
  func namesThatArePaths(name: String) throws {
    try install("plain", in: "here")
    let input = folder.scratch.path(of: "in")
    let attempts = [
      ["-r", recipient(name), input],
      ["-e", "-i", try identity(name), input],
      ["-d", "-j", name, input],
    ]
    for attempt in attempts {
      let outcome = try cofferAge(attempt, environment: environment)
      #expect(outcome.status == 2, "\(attempt): \(outcome)")
      #expect(outcome.text.contains("no plugin can have the name"), "\(outcome)")
    }
  }
}
