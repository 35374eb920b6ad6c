internal import Vocabulary

/// Why a connection was not made, told apart by what an operator has to do about it.
struct ConnectionFailure {
  /// What libpq said, with SQLSTATE codes in it.
  let message: String
  /// Whether the server asked for a password and none was there.
  let needsPassword: Bool
  /// Where the connection was to go.
  let info: ConnectionInfo

  /// The error for the operator.
  var error: OperatorError {
    let user = info.user.map { " for user \($0)" } ?? ""
    if needsPassword {
      return OperatorError(
        "postgres.password-asked", .failed,
        "the server asks for a password\(user), and there is none",
        hint: "coffer never prompts: name a file with passfile=… in the connection string, "
          + "or let the server accept peer authentication")
    }
    if has("28P01") || has("28000") {
      return OperatorError(
        "postgres.authentication", .failed, "the server refused to let us in\(user): \(brief)",
        hint: "check the user in the connection string, its passfile and the server's pg_hba.conf")
    }
    if has("3D000") {
      return OperatorError(
        "postgres.no-database", .failed, "there is no database \(info.database ?? "of that name")",
        hint: "check dbname in the connection string; `psql -l` lists what is there")
    }
    if has("57P03") || has("53300") || has("57P01") {
      return OperatorError(
        "postgres.unavailable", .failed, "the server takes no connection now: \(brief)",
        hint: "it starts, stops, or has no connection left: try again later")
    }
    return OperatorError(
      "postgres.unreachable", .failed, "the server cannot be reached: \(brief)",
      hint: "check host and port in the connection string, and that the server runs")
  }

  private func has(_ state: String) -> Bool { message.contains(":  \(state): ") }

  /// What was tried and why it failed, one clause for each host tried.
  ///
  /// libpq adds source places, questions in lines of their own, and before the server's own words a
  /// severity and an SQLSTATE.
  private var brief: String {
    let lines = message.split(separator: "\n")
      .filter { !$0.hasPrefix("LOCATION:") && !$0.hasPrefix("\t") }
      .map { $0.replacing(#/[A-Z]+:  [0-9A-Z]{5}: /#, with: "") }
    return lines.isEmpty ? "no reason given" : lines.joined(separator: "; ")
  }
}
