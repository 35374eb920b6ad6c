/// A name that is safe in a path, `[A-Za-z0-9_-]`, 1 to 64 characters; `Role` says what it names.
package struct PlainName<Role>: WrittenForm, Comparable {
  package let text: String

  /// Takes a valid name; nil for any other.
  package init?(_ text: String) {
    guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else {
      return nil
    }
    self.text = text
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// What a `CompartmentName` names: sources that share recipients and a chunk-id key.
package enum CompartmentRole {}

/// What a `SourceName` names: one thing to back up.
package enum SourceRole {}

/// The name of a compartment.
package typealias CompartmentName = PlainName<CompartmentRole>

/// The name of a source.
package typealias SourceName = PlainName<SourceRole>
