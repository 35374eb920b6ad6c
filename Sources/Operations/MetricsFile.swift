import LocalFiles
import SecretMemory
import SystemPackage
import Vocabulary

/// Figures for Prometheus' textfile collector, written whole or not at all, readable by all.
struct MetricsFile {
  private var text = ""

  /// Adds a gauge with one value for each set of labels.
  mutating func gauge(
    _ name: String, _ help: String, _ values: [(labels: [(String, String)], value: Double)]
  ) {
    guard !values.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
    for (labels, value) in values {
      let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
      text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
    }
  }

  func write(to path: FilePath) throws {
    do {
      try DurableFile.makeFolder(path.removingLastComponent())
      try Array(text.utf8).withBytes {
        try DurableFile.write(
          $0, to: path, mode: [.ownerReadWrite, .groupRead, .otherRead])
      }
    } catch let error as Errno {
      throw OperatorError(
        "metrics.unwritable", .partly, "cannot write the metrics to \(path): \(error)")
    }
  }

  /// What a file of ours says now, nil where it says nothing.
  static func value(of name: String, in path: FilePath) -> Double? {
    let text = String(decoding: (try? LocalPath(path).read()) ?? [], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
    return line.flatMap { Double($0.dropFirst(name.utf8.count + 1)) }
  }

  /// What a file of ours says now of a gauge with one label whose values are plain names.
  static func values(of name: String, by label: String, in path: FilePath) -> [String: Double] {
    let text = String(decoding: (try? LocalPath(path).read()) ?? [], as: UTF8.self)
    let (start, end) = ("\(name){\(label)=\"", "\"} ")
    var values: [String: Double] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix(start) {
      let rest = line.dropFirst(start.count)
      guard let quote = rest.firstRange(of: end) else { continue }
      values[String(rest[..<quote.lowerBound])] = Double(rest[quote.upperBound...])
    }
    return values
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
