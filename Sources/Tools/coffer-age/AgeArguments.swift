/// age's way of writing flags, which is Go's: `-output x` and `-o=x` are as good as `--output x`.
enum AgeArguments {
  private static let long: Set = [
    "encrypt", "decrypt", "recipient", "recipients-file", "identity", "passphrase", "armor",
    "output", "version", "help", "pq", "json",
  ]

  /// The same in the way that argument-parser reads; what follows `--` is left alone.
  static func normalised(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return result + arguments[index...] }
      result += words(argument)
    }
    return result
  }

  private static func words(_ argument: String) -> [String] {
    guard argument.hasPrefix("-"), !argument.hasPrefix("--") else { return [argument] }
    let parts = argument.dropFirst().split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, name.count == 1 || long.contains(String(name)) else {
      return [argument]
    }
    let flag = name.count == 1 ? "-\(name)" : "--\(name)"
    return [flag] + parts.dropFirst().map(String.init)
  }
}
