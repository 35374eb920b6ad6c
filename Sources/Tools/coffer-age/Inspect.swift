import ArgumentParser
import FileEncryption
import OperatorConsole
import Vocabulary

/// Says what can be said of an age file without a key.
struct Inspect: CofferVerb {
  static let configuration = CommandConfiguration(
    abstract: "Show recipients and sizes of an age file; needs no key.")

  @OptionGroup var output: OutputOptions

  @Argument(help: "The file to read; standard input if none.", completion: .file())
  var input: String?

  func perform(_ context: ToolContext) async throws -> ExitStatus {
    let file = try InputFile(input, meter: context.meter)
    let found = try Inspection(file)
    context.console.emit(found)
    let console = context.console
    console.say("\(file.name): age file, \(found.version)\(found.armor ? ", armored" : "")")
    console.say("recipients: \(found.stanzaTypes.joined(separator: ", "))")
    console.say("withstands a quantum computer: \(found.postquantum.rawValue)")
    let sizes = found.sizes
    let rows = [
      ("header", sizes.header), ("armor", sizes.armor), ("nonce and tags", sizes.overhead),
      ("plaintext", sizes.maxPayload),
      ("total", sizes.header + sizes.armor + sizes.overhead + sizes.maxPayload),
    ]
    for (name, size) in rows where size > 0 || name != "armor" {
      let gap = String(repeating: " ", count: max(1, 32 - name.count - "\(size)".count))
      console.say("  \(name)\(gap)\(size) bytes")
    }
    return .done
  }
}
