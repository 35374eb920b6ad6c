import SecretMemory
package import SystemPackage
import Vocabulary

/// Figures for Prometheus' textfile collector, written whole or not at all, readable by all.
package struct MetricsFile {
  /// A value, and the labels that tell it from others of its name.
  package typealias Value = (labels: [(String, String)], value: Double)

  private var text = ""

  /// Begins with nothing.
  package init() {}

  /// Adds a gauge with one value for each set of labels; nothing where there is no value.
  package mutating func gauge(_ name: String, _ help: String, _ values: [Value]) {
    add("gauge", name, help, values)
  }

  /// Adds a counter, which never falls, with one value for each set of labels; its name ends in `_total`.
  package mutating func counter(_ name: String, _ help: String, _ values: [Value]) {
    add("counter", name, help, values)
  }

  private mutating func add(_ kind: String, _ name: String, _ help: String, _ values: [Value]) {
    guard !values.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    for (labels, value) in values {
      let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
      text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
    }
  }

  /// Writes the file, mode 0644, with the folders above it.
  ///
  /// - Throws: `metrics.unwritable`; what was there before is there still.
  package func write(to path: FilePath) throws {
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
  package static func value(of name: String, in path: FilePath) -> Double? {
    let text = String(decoding: (try? LocalPath(path).read()) ?? [], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
    return line.flatMap { Double($0.dropFirst(name.utf8.count + 1)) }
  }

  /// What a file of ours says now of a gauge with one label whose values are plain names.
  package static func values(
    of name: String, by label: String, in path: FilePath
  ) -> [String: Double] {
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
