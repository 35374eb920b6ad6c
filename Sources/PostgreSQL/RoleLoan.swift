internal import Vocabulary

/// Makes a login a member of roles for as long as it lasts, so that it can read what is theirs.
package final class RoleLoan {
  private let connection: PostgresConnection?
  private let login: String
  private var lent: [String] = []

  /// Lends roles; those that have rights over the server, or are not there, are not lent.
  /// - Parameters:
  ///   - roles: the roles.
  ///   - login: who gets them.
  ///   - conninfo: as whom; a user who may not lend lends nothing.
  /// - Throws: what `PostgresConnection` throws.
  package init(_ roles: Set<String>, to login: DatabaseLogin, by conninfo: String) throws {
    let info = try ConnectionInfo(login.conninfo)
    self.login = info.user ?? ""
    guard login.conninfo != conninfo, !roles.isEmpty, !self.login.isEmpty else {
      connection = nil
      return
    }
    let connection = try DatabaseRestore(conninfo: conninfo).maintenanceConnection()
    self.connection = connection
    for role in roles.sorted() where role != self.login {
      guard try RoleRights.arePowerful(role, connection) == false,
        try connection.value(
          """
          SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
          JOIN pg_roles u ON u.oid = m.member WHERE r.rolname = $1 AND u.rolname = $2
          """, [role, self.login]) == nil
      else { continue }
      do {
        try connection.execute(
          "GRANT \(SQLText.identifier(role)) TO \(SQLText.identifier(self.login))")
        lent.append(role)
      } catch let error as OperatorError where error.code == "postgres.query" {
        // What cannot be read then is said by whoever reads it.
      }
    }
  }

  deinit { end() }

  /// Takes the roles back; may be called again.
  package func end() {
    while let role = lent.popLast() {
      try? connection?.execute(
        "REVOKE \(SQLText.identifier(role)) FROM \(SQLText.identifier(login))")
    }
  }
}
