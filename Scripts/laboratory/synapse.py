"""A real Synapse: its configuration, its signing key, its start."""

import base64
import json
import os
import re
import secrets
import urllib.error
import urllib.request
from pathlib import Path

from . import cluster, venvs
from .layout import BRIDGES, SERVER_NAME, Layout
from .processes import Process, start, wait_until
from .record import Record
from .reporting import LabError

DATABASE = "synapse"
ROLE = "synapse_user"
START_SECONDS = 120
REFUSALS = ("IncorrectDatabaseSetup", "Generating signing key file")
UNLIMITED = "{per_second: 100000, burst_count: 100000}"


def write_secret(path: Path, text: str) -> None:
    """A file that only its owner may read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)


def new_signing_key() -> str:
    """A signing key in the format of signedjson: algorithm, version, unpadded base64 of the seed."""
    seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
    return f"ed25519 a_{secrets.token_hex(2)} {seed}\n"


def write_configuration(record: Record, shared_secret: str) -> None:
    """Everything under synapse/config/, as an administrator would leave it."""
    layout = record.layout
    layout.synapse_config.mkdir(parents=True)
    layout.media.mkdir(parents=True)
    write_secret(layout.signing_key, new_signing_key())
    write_secret(layout.homeserver, homeserver_text(record, shared_secret))
    layout.log_config.write_text(log_text(layout))


def homeserver_text(record: Record, shared_secret: str) -> str:
    """homeserver.yaml; paths are quoted as JSON, which is YAML too."""
    layout, port = record.layout, record.ports["synapse"]
    registrations = "".join(f"  - {json.dumps(str(layout.bridge(name) / 'registration.yaml'))}\n" for name in BRIDGES)
    return f"""# Synapse of an air-gapped deployment, as laid out by Coffer's lab.
server_name: {SERVER_NAME}
public_baseurl: http://127.0.0.1:{port}/
pid_file: {json.dumps(str(layout.run / "synapse.pid"))}
listeners:
  - port: {port}
    type: http
    tls: false
    bind_addresses: ['127.0.0.1']
    resources:
      - names: [client]
        compress: false
database:
  name: psycopg2
  args:
    user: {ROLE}
    dbname: {DATABASE}
    host: {json.dumps(record.socket_dir)}
    cp_min: 2
    cp_max: 8
log_config: {json.dumps(str(layout.log_config))}
media_store_path: {json.dumps(str(layout.media))}
signing_key_path: {json.dumps(str(layout.signing_key))}
registration_shared_secret: {json.dumps(shared_secret)}
macaroon_secret_key: {json.dumps(secrets.token_urlsafe(32))}
form_secret: {json.dumps(secrets.token_urlsafe(32))}
app_service_config_files:
{registrations}
# No federation, nothing from outside.
federation_domain_whitelist: []
trusted_key_servers: []
suppress_key_server_warning: true
send_federation: false
report_stats: false
enable_3pid_lookup: false
allow_public_rooms_over_federation: false
allow_public_rooms_without_auth: false
url_preview_enabled: false
enable_registration: false

max_upload_size: 50M
presence: {{enabled: false}}
bcrypt_rounds: 4

# The lab fills a year into a minute.
rc_message: {UNLIMITED}
rc_registration: {UNLIMITED}
rc_admin_redaction: {UNLIMITED}
rc_media_create: {UNLIMITED}
rc_room_creation: {UNLIMITED}
rc_login: {{address: {UNLIMITED}, account: {UNLIMITED}, failed_attempts: {UNLIMITED}}}
rc_joins: {{local: {UNLIMITED}, remote: {UNLIMITED}}}
rc_invites: {{per_room: {UNLIMITED}, per_user: {UNLIMITED}, per_issuer: {UNLIMITED}}}
"""


def log_text(layout: Layout) -> str:
    """The log configuration: to one file, and never statements with their values."""
    return f"""version: 1
formatters:
  precise: {{format: '%(asctime)s - %(name)s - %(lineno)d - %(levelname)s - %(request)s - %(message)s'}}
handlers:
  file: {{class: logging.FileHandler, formatter: precise, filename: {json.dumps(str(layout.logs / "synapse.log"))}, encoding: utf8}}
loggers:
  synapse.storage.SQL: {{level: INFO}}
root: {{level: INFO, handlers: [file]}}
disable_existing_loggers: false
"""


def start_synapse(record: Record) -> Process:
    """Start the server; it takes some seconds until it answers, see `wait_for_synapse`."""
    command = [venvs.python("synapse"), "-m", "synapse.app.homeserver", "--config-path", str(record.layout.homeserver)]
    process = start(command, record.layout.logs / "synapse.out", record.layout.run)
    record.note("synapse", process)
    return process


def wait_for_synapse(record: Record) -> None:
    """Wait until Synapse answers; fail at once when it ends or refuses its database."""
    url = f"{record.synapse_url}/_matrix/client/versions"
    try:
        wait_until(lambda: answers(url), "Synapse answers", START_SECONDS, record.processes["synapse"], record.layout.logs / "synapse.log")
    finally:
        if refusals := logged_refusals(record.layout):
            raise LabError(f"Synapse's log has {', '.join(refusals)}: {record.layout.logs / 'synapse.log'}")


def one_time_keys(record: Record, user: str | None = None) -> int:
    """How many one-time keys the server holds: of all, or of one user's devices."""
    rows = cluster.query(record, DATABASE, "SELECT count(*) FROM e2e_one_time_keys_json WHERE user_id = coalesce(%s, user_id)", (user,))
    return int(rows[0][0])


def logged_refusals(layout: Layout) -> list[str]:
    """What the logs must not have after a restore."""
    logs = (layout.logs / "synapse.log", layout.logs / "synapse.out")
    text = "".join(log.read_text(errors="replace") for log in logs if log.exists())
    return [refusal for refusal in REFUSALS if re.search(refusal, text, re.IGNORECASE)]


def answers(url: str) -> bool:
    """Whether a GET on the URL gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False
